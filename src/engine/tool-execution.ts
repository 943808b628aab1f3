/** Lets the agent's tools act: within their time, until they are told to end, and with an end for the ledger in any case. */
import type { ModelMessage } from 'ai'
import { InvariantError } from '../domain/errors.ts'
import {
  idempotencyKey,
  INTERRUPTED_CALL,
  type ToolCallEnd,
  type ToolCallPart,
} from '../domain/step.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import { getErrorText } from './error-text.ts'
import { linkedController, untilAborted, type Execution } from './execution.ts'
import type { Recovery, ToolInvocation, ToolUpdate } from './ports.ts'

/** How a call ended, before it has units. */
export type CallEnd = Pick<ToolCallEnd, 'status'> &
  Partial<Pick<ToolCallEnd, 'output' | 'modelOutput' | 'error'>>

export const UNKNOWN: CallEnd = { status: 'unknown', error: INTERRUPTED_CALL }

/** A call of the step in hand, and who takes what the tool says before its end. */
export type Acting = {
  readonly part: ToolCallPart
  readonly stepIndex: number
  readonly messages: readonly ModelMessage[]
  readonly write: ToolInvocation['write']
  readonly onPreliminary: (output: unknown) => void
}

/** What came of letting a tool act: what it gave, that its code failed, or that the run was told to end meanwhile. */
type Acted<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'interrupted' }

/** Executes the tool; undefined when the run was told to end meanwhile. */
export const executeCall = async (
  execution: Execution,
  acting: Acting,
): Promise<CallEnd | undefined> => {
  const { agent } = execution
  const acted = await act(execution, acting, (invocation) =>
    lastOutput(agent.runTool(invocation), acting),
  )
  if (acted.kind === 'interrupted') return undefined
  return acted.kind === 'done' ? succeeded(acted.value) : { status: 'failed', error: acted.error }
}

/** Asks the tool what became of an interrupted call; undefined when the run was told to end meanwhile. */
export const recoverCall = async (
  execution: Execution,
  acting: Acting,
): Promise<CallEnd | 'not-executed' | undefined> => {
  const acted = await act(execution, acting, (invocation) =>
    execution.agent.recoverTool(invocation),
  )
  if (acted.kind === 'interrupted') return undefined
  // That it cannot find out does not make the call a failed one.
  return acted.kind === 'done' ? recovered(acted.value) : UNKNOWN
}

const act = async <T>(
  execution: Execution,
  acting: Acting,
  work: (invocation: ToolInvocation) => Promise<T>,
): Promise<Acted<T>> => {
  const { agent, signal, clock, stepClock } = execution
  const { timeoutMs } = agent.tool(acting.part.toolName)!
  const { leftMs } = stepClock
  using control = linkedController(signal)
  const timeout = new AbortController()
  const disarm = clock.after(Math.min(timeoutMs, leftMs), () => {
    timeout.abort()
    control.abort({ kind: 'timeout' })
  })
  const late = () =>
    `The tool did not finish within ${leftMs < timeoutMs ? 'the time of its step' : `${timeoutMs / 1000} s`}.`
  try {
    const done = work(invocationOf(execution, acting, control.signal)).then((value) => ({ value }))
    const ended = await untilAborted(done, timeout.signal)
    return ended ? { kind: 'done', value: ended.value } : { kind: 'failed', error: late() }
  } catch (thrown) {
    if (signal.aborted) return { kind: 'interrupted' }
    const error = timeout.signal.aborted ? late() : cleanText(getErrorText(thrown))
    return { kind: 'failed', error }
  } finally {
    disarm()
  }
}

const invocationOf = (
  { run }: Execution,
  { part, stepIndex, messages, write }: Acting,
  signal: AbortSignal,
): ToolInvocation => ({
  runId: run.id,
  chatId: run.chatId,
  stepIndex,
  toolCallId: part.toolCallId,
  toolName: part.toolName,
  input: part.input,
  messages,
  idempotencyKey: idempotencyKey(run.id, stepIndex, part.toolCallId),
  signal,
  write,
})

type Final = Extract<ToolUpdate, { type: 'final' }>

const lastOutput = async (
  updates: AsyncIterable<ToolUpdate>,
  { part, onPreliminary }: Acting,
): Promise<Final> => {
  for await (const update of updates) {
    if (update.type === 'final') return update
    onPreliminary(limited(cleanJson(update.output)))
  }
  throw new InvariantError(`The tool ${part.toolName} ended without an output.`)
}

const succeeded = ({ output, modelOutput }: Pick<Final, 'output' | 'modelOutput'>): CallEnd => ({
  status: 'succeeded',
  output: limited(cleanJson(output)),
  ...(modelOutput === undefined ? {} : { modelOutput: cleanJson(modelOutput) }),
})

/** Characters of an output as JSON that are kept. */
const OUTPUT_LIMIT = 1_000_000

/** A longer output is cut to text, with a note that the model and people see. */
const limited = (output: unknown): unknown => {
  const text = typeof output === 'string' ? output : JSON.stringify(output)
  if (text.length <= OUTPUT_LIMIT) return output
  const kept = cleanText(text.slice(0, OUTPUT_LIMIT))
  return `${kept}\n[Cut: the output of the tool had ${text.length} characters; these are the first ${OUTPUT_LIMIT}.]`
}

const recovered = (recovery: Recovery): CallEnd | 'not-executed' => {
  switch (recovery.outcome) {
    case 'succeeded':
      return succeeded(recovery)
    case 'failed':
      return { status: 'failed', error: cleanText(recovery.error) }
    case 'not-executed':
      return recovery.outcome
    case 'unknown':
      return UNKNOWN
    default:
      return recovery satisfies never
  }
}
