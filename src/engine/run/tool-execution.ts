/** Lets the agent's tools act: within their time, until they are told to end, and with an end for the ledger in any case. */
import type { ModelMessage } from 'ai'
import { InvariantError } from '../../domain/errors.ts'
import { limitSentence } from '../../domain/limits.ts'
import {
  idempotencyKey,
  INTERRUPTED_CALL,
  type ToolCallEnd,
  type ToolCallPart,
} from '../../domain/step.ts'
import { cleanJson, cleanText } from '../../domain/text.ts'
import { getErrorText } from '../error-text.ts'
import { linkedController, untilAborted, type Execution } from './execution.ts'
import { keepToolFiles } from './kept-files.ts'
import type { Recovery, ToolInvocation, ToolUpdate } from '../ports.ts'

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
export type Acted<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: string }
  | { readonly kind: 'interrupted' }

/** Executes the tool; undefined when the run was told to end meanwhile. */
export const executeCall = async (
  execution: Execution,
  acting: Acting,
): Promise<CallEnd | undefined> => {
  const { agent } = execution
  const most = execution.limits.toolOutputChars
  const acted = await act(execution, acting, (invocation) =>
    lastOutput(agent.runTool(invocation), acting, most),
  )
  if (acted.kind === 'interrupted') return undefined
  return acted.kind === 'done' ? succeeded(execution, acted.value) : failed(execution, acted.error)
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
  return acted.kind === 'done' ? recovered(execution, acted.value) : UNKNOWN
}

/** Runs code of the agent's owner for a call: within the tool's time, and until the run is told to end. */
export const act = async <T>(
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
  most: number,
): Promise<Final> => {
  for await (const update of updates) {
    if (update.type === 'final') return update
    onPreliminary(limited(cleanJson(update.output), most).value)
  }
  throw new InvariantError(`The tool ${part.toolName} ended without an output.`)
}

const succeeded = async (
  execution: Execution,
  { output, modelOutput }: Pick<Final, 'output' | 'modelOutput'>,
): Promise<CallEnd> => {
  const kept = within(execution, cleanJson(output))
  if (modelOutput === undefined) return { status: 'succeeded', output: kept }
  const told = await keepToolFiles(execution, modelOutput)
  return {
    status: 'succeeded',
    output: kept,
    modelOutput: limitedForModel(cleanJson(told), execution.limits.toolOutputChars),
  }
}

const failed = (execution: Execution, error: string): CallEnd => ({
  status: 'failed',
  error: String(within(execution, error)),
})

/** What is kept of what a client's tool gave. */
export const limitedResult = (
  { output, modelOutput }: Pick<Final, 'output' | 'modelOutput'>,
  most: number,
): Pick<Final, 'output' | 'modelOutput'> => ({
  output: limited(output, most).value,
  ...(modelOutput === undefined ? {} : { modelOutput: limitedForModel(modelOutput, most) }),
})

/** What is kept of an output, within its own limit and that of the answer. */
const within = ({ limits, room }: Execution, output: unknown): unknown => {
  const { value, chars } = limited(output, Math.min(limits.toolOutputChars, room.left))
  room.take(chars)
  return value
}

/** A longer output is cut to text, with a note that the model and people see. */
const limited = (output: unknown, most: number): { value: unknown; chars: number } => {
  const text = typeof output === 'string' ? output : JSON.stringify(output)
  if (text.length <= most) return { value: output, chars: text.length }
  const kept = cleanText(text.slice(0, most))
  const value = `${kept}\n[Cut: the output of the tool had ${text.length} characters; ${limitSentence('toolOutputChars', most)}.]`
  return { value, chars: value.length }
}

const limitedForModel = (told: unknown, most: number): unknown => {
  const { type, value } = told as { type: string; value?: unknown }
  if (type === 'text') return { ...(told as object), value: limited(value, most).value }
  const cut = limited(told, most).value
  return typeof cut === 'string' ? { type: 'text', value: cut } : cut
}

const recovered = async (
  execution: Execution,
  recovery: Recovery,
): Promise<CallEnd | 'not-executed'> => {
  switch (recovery.outcome) {
    case 'succeeded':
      return succeeded(execution, recovery)
    case 'failed':
      return failed(execution, cleanText(recovery.error))
    case 'not-executed':
      return recovery.outcome
    case 'unknown':
      return UNKNOWN
    default:
      return recovery satisfies never
  }
}
