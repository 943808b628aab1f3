/** The words a fake provider's turn is written in: what a model says, and every way its answer can go wrong. */
import { type Barrier, createBarrier } from './barrier.ts'

export type FinishReason = 'stop' | 'tool_calls' | 'length' | 'content_filter'

export type ToolCallDelta = {
  index?: number
  id?: string
  type?: 'function'
  function: { name?: string; arguments?: string }
}

export type Delta = {
  role?: 'assistant'
  content?: string
  reasoning_content?: string
  tool_calls?: ToolCallDelta[]
}

export type Usage = { prompt_tokens: number; completion_tokens: number; total_tokens: number }

export type Action =
  | { type: 'delta'; delta: Delta }
  | { type: 'split'; content: string }
  | { type: 'finish'; reason: FinishReason }
  | { type: 'usage'; usage: Usage }
  | { type: 'barrier'; barrier: Barrier }
  | { type: 'headers' }
  | { type: 'status'; status: number; headers: Record<string, string>; body: unknown }
  | { type: 'error-frame'; message: string }
  | { type: 'raw'; bytes: string }
  | { type: 'truncate' }
  | { type: 'reset' }
  | { type: 'hang' }

/** One answer: actions in order. After the last one the stream ends with `[DONE]`. */
export type Turn = ReadonlyArray<Action | readonly Action[]>

/** Cuts a string into pieces of whole characters. */
const pieces = (content: string, size = 4): string[] => {
  const characters = Array.from(content)
  const cut: string[] = []
  for (let at = 0; at < characters.length; at += size) {
    cut.push(characters.slice(at, at + size).join(''))
  }
  return cut
}

/** Text, streamed in pieces of `size` characters. */
export const text = (content: string, size?: number): Action[] =>
  pieces(content, size).map((piece) => ({ type: 'delta', delta: { content: piece } }))

/** Reasoning, streamed in pieces as `reasoning_content`. */
export const reasoning = (content: string, size?: number): Action[] =>
  pieces(content, size).map((piece) => ({ type: 'delta', delta: { reasoning_content: piece } }))

export type FakeToolCall = {
  id: string
  name: string
  /** An object is sent as JSON, a string as it is: so it may be no JSON at all. */
  arguments: unknown
  /** Position among the parallel calls of one turn; the call's order in the turn when absent. */
  index?: number
}

/** A tool call: first its id and name, then its arguments in pieces. */
export const toolCall = (call: FakeToolCall): Action[] => {
  const { id, name, index } = call
  const json = typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments)
  const place = index === undefined ? {} : { index }
  const head: ToolCallDelta = { ...place, id, type: 'function', function: { name, arguments: '' } }
  const rest = pieces(json, 5).map((piece) => ({ ...place, function: { arguments: piece } }))
  return [head, ...rest].map((delta) => ({ type: 'delta', delta: { tool_calls: [delta] } }))
}

export const finish = (reason: FinishReason = 'stop'): Action => ({ type: 'finish', reason })

export const usage = (promptTokens = 10, completionTokens = 5): Action => ({
  type: 'usage',
  usage: {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  },
})

/** Nothing further is sent until the barrier is released; `barrier.reached` tells that it is waited at. */
export const barrier = (gate: Barrier = createBarrier()): Action & { barrier: Barrier } => ({
  type: 'barrier',
  barrier: gate,
})

/** Sends the response headers and nothing else yet. */
export const headers = (): Action => ({ type: 'headers' })

/** An HTTP error instead of a stream; must be the first action. */
export const status = (
  code: number,
  responseHeaders: Record<string, string> = {},
  body: unknown = { error: { message: `The fake provider answers ${code}.`, type: 'fake' } },
): Action => ({ type: 'status', status: code, headers: responseHeaders, body })

/** An error object inside the stream. The stream goes on after it. */
export const errorFrame = (message: string): Action => ({ type: 'error-frame', message })

/** A `data:` line that is not JSON. */
export const garbage = (): Action => raw('data: {"choices": [{"delta"\n\n')

/** Bytes exactly as given. */
export const raw = (bytes: string): Action => ({ type: 'raw', bytes })

/** One delta whose first multi-byte character arrives in two writes. */
export const split = (content: string): Action => ({ type: 'split', content })

/** The body ends cleanly here, without `[DONE]`. */
export const truncate = (): Action => ({ type: 'truncate' })

/** The connection breaks here; what was sent before still arrives. */
export const reset = (): Action => ({ type: 'reset' })

/** Nothing more is ever sent; before any other action not even the headers. */
export const hang = (): Action => ({ type: 'hang' })

/** A finish without any content. */
export const empty = (): Action[] => [finish('stop')]
