/**
 * A chat as a Markdown document.
 *
 * INVARIANT: nothing that somebody said can pass for another turn, open HTML, load an image or leave its block.
 */
import type { OpenedChat } from '../../domain/catalog.ts'
import { fileIdOf } from '../../domain/file.ts'
import type { MessagePart, MessageRecord } from '../../domain/message.ts'
import { oneLine } from '../../domain/title.ts'

export const chatMarkdown = ({ chat, messages, activeRun }: OpenedChat): string =>
  [
    `# ${escaped(chat.title ?? 'Chat')}`,
    `Chat ${code(chat.publicId)}, begun ${chat.createdAt.toISOString()}`,
    ...messages.flatMap(messageBlocks),
    ...(activeRun ? ['*An answer is in progress.*'] : []),
  ].join('\n\n') + '\n'

const ROLES = { user: 'User', assistant: 'Assistant', system: 'System' } as const

const ENDS: Readonly<Record<MessageRecord['status'], readonly string[]>> = {
  streaming: [],
  completed: [],
  aborted: ['*The answer was stopped.*'],
  error: ['*The answer failed.*'],
}

const messageBlocks = ({ role, parts, status }: MessageRecord): string[] => [
  `## ${ROLES[role]}`,
  ...parts.flatMap(partBlocks),
  ...ENDS[status],
]

const partBlocks = (part: MessagePart): string[] => {
  const { type } = part
  if (type === 'text') return textOf(part, 'text') === '' ? [] : [quote(textOf(part, 'text'))]
  if (type === 'reasoning')
    return textOf(part, 'text') === '' ? [] : fold('Reasoning', [fence(textOf(part, 'text'))])
  if (type === 'file') return [file(part)]
  if (type === 'source-url' || type === 'source-document')
    return [`Source: ${code(textOf(part, 'url') || textOf(part, 'title'))}`]
  if (type === 'dynamic-tool' || type.startsWith('tool-')) return tool(part)
  if (type.startsWith('data-')) return fold(`Data ${type.slice(5)}`, [json(part['data'])])
  return []
}

const textOf = (part: MessagePart, key: string): string => {
  const value = part[key]
  return typeof value === 'string' ? value : ''
}

const file = (part: MessagePart): string => {
  const name = textOf(part, 'filename') || fileIdOf(textOf(part, 'url')) || 'unnamed'
  return `File: ${code(name)} (${code(textOf(part, 'mediaType'))})`
}

const tool = (part: MessagePart): string[] => {
  const name = part.type === 'dynamic-tool' ? String(part['toolName']) : part.type.slice(5)
  const failed = typeof part['errorText'] === 'string' ? part['errorText'] : undefined
  return fold(`Tool ${name}${failed === undefined ? '' : ' (failed)'}`, [
    ...('input' in part ? ['Input', json(part['input'])] : []),
    ...('output' in part ? ['Output', json(part['output'])] : []),
    ...(failed === undefined ? [] : ['Error', fence(failed)]),
  ])
}

const fold = (summary: string, blocks: readonly string[]): string[] => [
  `<details><summary>${html(oneLine(summary))}</summary>`,
  ...blocks,
  '</details>',
]

const json = (value: unknown): string => fence(JSON.stringify(value ?? null, null, 2), 'json')

/** Longer than any run of backticks inside. */
const fence = (content: string, language = ''): string => {
  const runs = content.match(/`+/g) ?? []
  const ticks = '`'.repeat(Math.max(3, ...runs.map(({ length }) => length + 1)))
  return `${ticks}${language}\n${content}\n${ticks}`
}

const code = (content: string): string => {
  const line = oneLine(content)
  const runs = line.match(/`+/g) ?? []
  const ticks = '`'.repeat(Math.max(1, ...runs.map(({ length }) => length + 1)))
  return ticks.length === 1 && line !== '' ? `\`${line}\`` : `${ticks} ${line} ${ticks}`
}

/** The quote ends whatever is open in it: fences, lists, HTML. */
const quote = (said: string): string => {
  let fenceOpen = ''
  const lines = said.split(/\r\n|\r|\n/).map((line) => {
    const verbatim = fenceOpen !== ''
    if (!verbatim) fenceOpen = FENCE_BEGIN.exec(line)?.[0] ?? ''
    else if (FENCE_END.exec(line)?.[1]?.startsWith(fenceOpen)) fenceOpen = ''
    return verbatim ? line : defused(line)
  })
  return lines.map((line) => (line === '' ? '>' : `> ${line}`)).join('\n')
}

/** Only at the beginning of a line is a fence surely the quote's own and not that of a list in it. */
const FENCE_BEGIN = /^(?:`{3,}(?=[^`]*$)|~{3,})/
const FENCE_END = /^ {0,3}(`{3,}|~{3,})[ \t]*$/

/** Entities rather than backslashes: a backslash before them cannot undo them. */
const defused = (line: string): string =>
  line.replaceAll(/<(?=[a-z/!?])/gi, '&lt;').replaceAll('![', '&#33;[')

const escaped = (line: string): string => oneLine(line).replace(/[\\`*_{}[\]()#+!|<>~&-]/g, '\\$&')

const html = (line: string): string =>
  line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
