/** What happens in a run, as the user's message says it: the model needs no memory of its own to play its part. */

export const TOOLS = ['plain', 'idempotent', 'slow', 'guarded'] as const
export type ToolName = (typeof TOOLS)[number]

export type ScriptedStep = {
  /** How long the model takes to say its words. */
  readonly ms: number
  readonly words: number
  /** Parallel tool calls; the last step of a run has none. `ms` is how long the tool takes. */
  readonly calls: readonly {
    readonly tool: ToolName
    readonly ms: number
    /** What the person says who is asked about a guarded tool. */
    readonly agreed?: boolean
  }[]
}

export type RunScript = { readonly run: string; readonly steps: readonly ScriptedStep[] }

/** What a tool is called with. */
export type ToolInput = {
  readonly run: string
  readonly step: number
  readonly call: number
  readonly asked: number
  readonly ms: number
}

/** The same id in each step: some providers do that. */
export const callId = (call: number): string => `call-${call}`
export const callNumber = (id: string): number => Number(id.slice('call-'.length))

export const toolInput = (
  { run, steps }: RunScript,
  step: number,
  call: number,
  asked: number,
): ToolInput => ({ run, step, call, asked, ms: steps[step]?.calls[call]?.ms ?? 0 })

/** One word is two UTF-16 units that must not be torn apart. */
const WORDS = ['still', 'here', 'whatever', 'happens', '🚲', 'and', 'on', 'it', 'goes', 'naïve']

/** The pieces in which the model says its text: different ones each time it is asked. */
export const wordsOf = ({ run, steps }: RunScript, step: number, asked: number): string[] => {
  const count = (steps[step]?.words ?? 0) + (asked % 3)
  const head = `Run ${run}, step ${step}, asked as ${asked}:`
  return [head, ...Array.from({ length: count }, (_, n) => ` ${WORDS[(n + asked) % WORDS.length]}`)]
}

export const textOf = (script: RunScript, step: number, asked: number): string =>
  wordsOf(script, step, asked).join('')
