/** Says in plain words what a tool answered; an answer of an unknown shape is shown as it is. */
import type { LanguageModelV4ToolResultPart } from '@ai-sdk/provider'
import { z } from 'zod'
import { describeCommand, listed } from './command.ts'
import type { CountUnit, ToolCommand } from './command.ts'

export type ToolOutput = LanguageModelV4ToolResultPart['output']

/** One paragraph about the result of a command; errors are told as errors. */
export const reportOn = (command: ToolCommand, output: ToolOutput | undefined): string => {
  const failed = `I could not ${describeCommand(command)}`
  if (output === undefined) return `I got no result when I tried to ${describeCommand(command)}.`
  switch (output.type) {
    case 'error-text':
      return `${failed}: ${sentence(output.value)}`
    case 'error-json':
      return `${failed}: ${sentence(JSON.stringify(output.value))}`
    case 'execution-denied':
      return `${failed}: it was not allowed${output.reason ? ` (${output.reason})` : ''}.`
    case 'text':
      return unknownShape(command, output.value)
    case 'content':
      return unknownShape(command, output.value)
    case 'json':
      return known(command, output.value) ?? unknownShape(command, output.value)
    default:
      return output satisfies never
  }
}

const sentence = (text: string): string => {
  const plain = excerpt(text.replace(/^\w*Error: /, ''), 600)
  return /[.!?…]$/.test(plain) ? plain : `${plain}.`
}

const unknownShape = (command: ToolCommand, value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `When I tried to ${describeCommand(command)}, I got:\n\n${fenced(text)}`
}

const known = (command: ToolCommand, value: unknown): string | undefined => {
  const text = reports[command.verb](value, command)
  const { data } = noted.safeParse(value)
  return text && data?.note ? `${text}\n\n${data.note}` : text
}

const noted = z.object({ note: z.string() })

const listing = z.object({
  path: z.string(),
  entries: z.array(z.object({ path: z.string(), type: z.string() })),
})
const file = z.object({ path: z.string(), bytes: z.number(), text: z.string() })
const search = z.object({
  query: z.string(),
  path: z.string(),
  matches: z.array(z.object({ path: z.string(), line: z.number(), text: z.string() })),
  filesSearched: z.number(),
})
const count = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('file'),
    path: z.string(),
    lines: z.number(),
    words: z.number(),
    characters: z.number(),
    bytes: z.number(),
  }),
  z.object({
    type: z.literal('folder'),
    path: z.string(),
    files: z.number(),
    folders: z.number(),
    filesBelow: z.number(),
  }),
  z.object({ type: z.literal('binary'), path: z.string(), bytes: z.number() }),
])
const page = z.object({
  url: z.string(),
  status: z.number(),
  contentType: z.string(),
  text: z.string(),
})
const waited = z.object({ waitedMs: z.number() })
const calculated = z.object({ expression: z.string(), result: z.number() })

type Report = (value: unknown, command: ToolCommand) => string | undefined

const reports: Record<ToolCommand['verb'], Report> = {
  list: (value) => {
    const { data } = listing.safeParse(value)
    if (!data) return undefined
    const names = data.entries.map(({ path, type }) => (type === 'folder' ? `${path}/` : path))
    return names.length === 0
      ? `${folderName(data.path)} is empty.`
      : `${folderName(data.path)} holds ${amount(names.length, 'entry', 'entries')}: ${someOf(names, 40)}.`
  },
  read: (value) => {
    const { data } = file.safeParse(value)
    if (!data) return undefined
    if (data.text === '') return `${data.path} is empty.`
    return `${data.path} has ${amount(data.bytes, 'byte')} and begins like this:\n\n${fenced(data.text)}`
  },
  search: (value) => {
    const { data } = search.safeParse(value)
    if (!data) return undefined
    const where = `${amount(data.filesSearched, 'file')} searched`
    if (data.matches.length === 0) return `"${data.query}" was not found (${where}).`
    const lines = data.matches.map(
      ({ path, line, text }) => `${path}:${line}: ${excerpt(text, 160)}`,
    )
    const more = lines.length > 10 ? `\n\n… and ${amount(lines.length - 10, 'more line')}.` : ''
    const head = `"${data.query}" is in ${amount(lines.length, 'line')} (${where}):`
    return `${head}\n\n${fenced(lines.slice(0, 10).join('\n'))}${more}`
  },
  count: (value, command) => {
    const { data } = count.safeParse(value)
    return data && countReport(data, command.verb === 'count' ? command.units : [])
  },
  fetch: (value) => {
    const { data } = page.safeParse(value)
    if (!data) return undefined
    const head = `${data.url} answered with status ${data.status}`
    const type = data.contentType || 'no content type'
    return data.text === ''
      ? `${head} and an empty page.`
      : `${head} (${type}, ${amount(data.text.length, 'character')}):\n\n${fenced(data.text)}`
  },
  wait: (value) => {
    const { data } = waited.safeParse(value)
    return data && `I waited ${amount(data.waitedMs / 1_000, 'second')}.`
  },
  calculate: (value) => {
    const { data } = calculated.safeParse(value)
    return data && `${data.expression} = ${data.result}`
  },
}

const countReport = (data: z.infer<typeof count>, units: readonly CountUnit[]): string => {
  if (data.type === 'binary') {
    return `${data.path} is a binary file of ${amount(data.bytes, 'byte')}, without lines and words.`
  }
  if (data.type === 'folder') {
    const inside = `${amount(data.files, 'file')} and ${amount(data.folders, 'folder')}`
    return `${folderName(data.path)} holds ${inside}; with everything below, ${amount(data.filesBelow, 'file')}.`
  }
  const all = { lines: 'line', words: 'word', characters: 'character', bytes: 'byte' } as const
  const names = (['lines', 'words', 'characters', 'bytes'] as const).filter(
    (unit) => units.length === 0 || units.includes(unit),
  )
  // Asked for the files in a file: all that can be counted is told.
  const wanted = names.length > 0 ? names : (['lines', 'words', 'characters', 'bytes'] as const)
  return `${data.path} has ${listed(wanted.map((unit) => amount(data[unit], all[unit])))}.`
}

const folderName = (path: string): string => (path === '.' ? 'The shared folder' : path)

const amount = (value: number, one: string, many = `${one}s`): string =>
  `${value} ${value === 1 ? one : many}`

const someOf = (names: readonly string[], limit: number): string =>
  names.length <= limit
    ? names.join(', ')
    : `${names.slice(0, limit).join(', ')} and ${names.length - limit} more`

const MAX_EXCERPT_LINES = 15
const MAX_EXCERPT = 1_000

/** A code block that nothing in the text can close. */
const fenced = (text: string): string => {
  const lines = text.replace(/\s+$/, '').split('\n')
  const shown = excerpt(lines.slice(0, MAX_EXCERPT_LINES).join('\n'), MAX_EXCERPT)
  const isCut = lines.length > MAX_EXCERPT_LINES || shown.endsWith('…')
  const ticks = [...shown.matchAll(/`+/g)].map(([run]) => run.length)
  const fence = '`'.repeat(Math.max(3, ...ticks.map((length) => length + 1)))
  return `${fence}\n${shown}\n${fence}${isCut ? '\n\n(Only the beginning is shown here.)' : ''}`
}

const excerpt = (text: string, limit: number): string =>
  text.length > limit ? `${text.slice(0, limit).toWellFormed()}…` : text
