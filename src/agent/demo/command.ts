/** What the demo model can be asked for: each command is one call of a tool, or some text. */

export type CountUnit = 'lines' | 'words' | 'characters' | 'bytes' | 'files' | 'folders'

export type Command =
  | { verb: 'list'; path: string; recursive: boolean }
  | { verb: 'read'; path: string }
  | { verb: 'search'; query: string; path: string }
  | { verb: 'count'; path: string; units: readonly CountUnit[] }
  | { verb: 'fetch'; url: string }
  | { verb: 'wait'; seconds: number }
  | { verb: 'calculate'; expression: string }
  | { verb: 'say'; text: string }
  | { verb: 'count-to'; from: number; to: number; isSlow: boolean }
  | { verb: 'story'; words: number; isSlow: boolean }
  | { verb: 'help' }
  | { verb: 'thank' }

export type ToolCommand = Extract<
  Command,
  { verb: 'list' | 'read' | 'search' | 'count' | 'fetch' | 'wait' | 'calculate' }
>
export type TextCommand = Exclude<Command, ToolCommand>

/** The steps in order; the commands of one step run together. */
export type Program = {
  steps: readonly (readonly Command[])[]
  /** Sentences about what was not understood or left out. */
  problems: readonly string[]
}

export type ToolRequest = { toolName: string; input: Record<string, string | number | boolean> }

/** The tool call that carries out a command; text needs none. */
export const toolRequest = (command: ToolCommand): ToolRequest => {
  switch (command.verb) {
    case 'list': {
      const { path, recursive } = command
      return { toolName: 'listFiles', input: recursive ? { path, recursive } : { path } }
    }
    case 'read':
      return { toolName: 'readFile', input: { path: command.path } }
    case 'search':
      return { toolName: 'searchFiles', input: { query: command.query, path: command.path } }
    case 'count':
      return { toolName: 'countFile', input: { path: command.path } }
    case 'fetch':
      return { toolName: 'fetchUrl', input: { url: command.url } }
    case 'wait':
      return { toolName: 'wait', input: { seconds: command.seconds } }
    case 'calculate':
      return { toolName: 'calculate', input: { expression: command.expression } }
    default:
      return command satisfies never
  }
}

export const isToolCommand = (command: Command): command is ToolCommand =>
  command.verb !== 'say' &&
  command.verb !== 'count-to' &&
  command.verb !== 'story' &&
  command.verb !== 'help' &&
  command.verb !== 'thank'

/** The command as an English phrase that begins with a verb. */
export const describeCommand = (command: Command): string => {
  switch (command.verb) {
    case 'list':
      return `list the files in ${place(command.path)}${command.recursive ? ' and below' : ''}`
    case 'read':
      return `read ${command.path}`
    case 'search':
      return `search for "${command.query}" in ${place(command.path)}`
    case 'count':
      return `count ${units(command.units)}${place(command.path)}`
    case 'fetch':
      return `fetch ${command.url}`
    case 'wait':
      return `wait ${command.seconds} ${command.seconds === 1 ? 'second' : 'seconds'}`
    case 'calculate':
      return `calculate ${command.expression}`
    case 'say':
      return 'say something'
    case 'count-to':
      return `count from ${command.from} to ${command.to}`
    case 'story':
      return `write about ${command.words} words`
    case 'help':
      return 'say what I can do'
    case 'thank':
      return 'say thanks'
    default:
      return command satisfies never
  }
}

/** `a`, `a and b`, `a, b and c`. */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`

const place = (path: string): string => (path === '.' ? 'the shared folder' : path)

const units = (names: readonly CountUnit[]): string =>
  names.length === 0 ? 'what is in ' : `${listed(names.map((name) => `the ${name}`))} in `
