/** A message of a chat as lines of text. */
import type { z } from 'zod'
import type { message } from '../protocol/answers.ts'
import { plainLine, safeJson } from './plain.ts'
import { shortened } from './table.ts'

type Message = z.output<typeof message>
type Part = Message['parts'][number]

const LONGEST_VALUE = 160

export const messageLines = ({ role, parts }: Pick<Message, 'role' | 'parts'>): string[] => [
  `[${role}]`,
  ...parts.flatMap(partLines),
]

const partLines = (part: Part): string[] => {
  if (part.type === 'text') return [String(part['text'])]
  if (part.type === 'file') return [`(file ${String(part['filename'] ?? part['mediaType'])})`]
  if (part.type === 'dynamic-tool' || part.type.startsWith('tool-')) return toolLines(part)
  return []
}

const toolLines = (part: Part): string[] => {
  const name = part.type === 'dynamic-tool' ? String(part['toolName']) : part.type.slice(5)
  if ('errorText' in part) return [callLine(name, part['input']), failureLine(part['errorText'])]
  const output = 'output' in part ? [resultLine(part['output'])] : []
  return [callLine(name, part['input']), ...output]
}

export const callLine = (name: string, input: unknown): string => `> ${name} ${brief(input)}`

export const resultLine = (output: unknown): string => `< ${brief(output)}`

export const failureLine = (error: unknown): string =>
  `! ${shortened(plainLine(String(error)), LONGEST_VALUE)}`

const brief = (value: unknown): string => shortened(safeJson(value), LONGEST_VALUE)
