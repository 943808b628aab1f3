/**
 * Executes the calls of a journaled step, in parallel, through the ledger.
 *
 * INVARIANT: a call acts only after `started` is durable; a journaled result is never made again; a call that was
 * started and has no result is executed again only when its tool is idempotent, else it is said to be unknown.
 */
import type { ModelMessage } from 'ai'
import { coerceError, InvariantError, LeaseLostError } from '../domain/errors.ts'
import {
  executableCalls,
  idempotencyKey,
  INTERRUPTED_CALL,
  type DataPart,
  type ToolCallEnd,
  type ToolCallPart,
  type ToolCallRecord,
} from '../domain/step.ts'
import { cleanJson, cleanText } from '../domain/text.ts'
import { dataChunk, NOT_EXECUTED, outputChunk, preliminaryChunk } from './chunks.ts'
import { getErrorText } from './error-text.ts'
import {
  interruptReason,
  linkedController,
  pause,
  untilAborted,
  type Execution,
} from './execution.ts'
import type { Settlement, ToolInvocation, ToolUpdate } from './ports.ts'
import type { StepView } from './view.ts'

/** After a stop, running tools get this long to end by themselves. */
const OBEY_MS = 2000

/** Runs what is left of the step's calls. @returns calls that were interrupted, for the settlement */
export const toolPhase = async (
  execution: Execution,
  view: StepView,
  messages: readonly ModelMessage[],
): Promise<Settlement['calls']> => {
  const phase = new ToolPhase(execution, view, messages)
  return phase.run()
}

class ToolPhase {
  readonly #execution: Execution
  readonly #view: StepView
  readonly #messages: readonly ModelMessage[]
  readonly #calls = new Map<string, ToolCallRecord>()

  constructor(execution: Execution, view: StepView, messages: readonly ModelMessage[]) {
    this.#execution = execution
    this.#view = view
    this.#messages = messages
    for (const call of view.calls) this.#calls.set(call.toolCallId, call)
  }

  async run(): Promise<Settlement['calls']> {
    const { writer, steps, signal, clock } = this.#execution
    const { step } = this.#view
    writer.continue(() => ({ step, calls: [...this.#calls.values()] }))
    const open = executableCalls(step).filter(({ toolCallId }) => {
      const call = this.#calls.get(toolCallId)
      return !call || call.status === 'started'
    })
    const overdue = new AbortController()
    const forget = this.#onAbort(signal, () => {
      const ended = pause(clock, OBEY_MS, overdue.signal)
      void ended.then(() => overdue.abort())
    })
    try {
      const running = open.map((call) => this.#guarded(call, overdue.signal))
      const results = await Promise.allSettled(running)
      for (const result of results) if (result.status === 'rejected') throw result.reason
    } finally {
      forget()
      overdue.abort()
      steps[steps.length - 1] = { step, calls: [...this.#calls.values()] }
    }
    // Only a stop ends calls for good; whoever goes on with the run decides about them again.
    return interruptReason(signal)?.kind === 'stop' ? this.#interrupted() : []
  }

  #onAbort(signal: AbortSignal, act: () => void): () => void {
    if (signal.aborted) act()
    else signal.addEventListener('abort', act, { once: true })
    return () => signal.removeEventListener('abort', act)
  }

  /** One call that cannot be journaled ends the others too. */
  async #guarded(part: ToolCallPart, overdue: AbortSignal): Promise<void> {
    try {
      await this.#call(part, overdue)
    } catch (thrown) {
      this.#execution.interrupt({
        kind: thrown instanceof LeaseLostError ? 'lease-lost' : 'failed',
      })
      throw coerceError(thrown)
    }
  }

  async #call(part: ToolCallPart, overdue: AbortSignal): Promise<void> {
    const { agent, signal } = this.#execution
    const traits = agent.tool(part.toolName)
    const before = this.#calls.get(part.toolCallId)
    if (signal.aborted) return
    if (before && !traits?.idempotent) {
      const found = traits?.recoverable ? await this.#recover(part, before, overdue) : UNKNOWN
      if (!found) return
      if (found !== 'not-executed') return this.#end(before, found)
    }
    const call = await this.#start(part, before)
    // Between the check and the write: it is known not to have acted.
    if (signal.aborted) return this.#end(call, { status: 'failed', error: NOT_EXECUTED })
    if (!traits) {
      const error = `There is no tool named ${part.toolName} any more.`
      return this.#end(call, { status: 'failed', error })
    }
    const end = await untilAborted(this.#execute(part, call), overdue)
    // What comes after the grace is dropped.
    if (!end || !this.#isOpen(part)) return
    if (end === 'interrupted') return
    await this.#end(this.#calls.get(part.toolCallId)!, end)
  }

  #isOpen({ toolCallId }: ToolCallPart): boolean {
    return this.#calls.get(toolCallId)?.status === 'started'
  }

  async #start(part: ToolCallPart, before: ToolCallRecord | undefined): Promise<ToolCallRecord> {
    const { journal, lease, writer, durably, signal } = this.#execution
    const call: ToolCallRecord = {
      stepIndex: this.#view.step.stepIndex,
      toolCallId: part.toolCallId,
      toolName: part.toolName,
      input: part.input,
      status: 'started',
      data: [],
      epoch: lease.epoch,
      span: { from: writer.n + 1 },
      attempt: (before?.attempt ?? 0) + 1,
    }
    // A stop does not wait for a database that is away: what cannot be written as started is not started.
    await durably(() => journal.startCall(lease, call), signal)
    this.#calls.set(part.toolCallId, call)
    return call
  }

  /** Asks the tool what became of the call; undefined when the run was told to end meanwhile. */
  async #recover(
    part: ToolCallPart,
    before: ToolCallRecord,
    overdue: AbortSignal,
  ): Promise<CallEnd | 'not-executed' | undefined> {
    const { agent } = this.#execution
    const ask = async (invocation: ToolInvocation): Promise<CallEnd | 'not-executed'> => {
      const recovery = await agent.recoverTool(invocation)
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
    const found = await untilAborted(this.#withTool(part, before, ask), overdue)
    if (!found || found === 'interrupted') return undefined
    // A tool that cannot find out has not made the call fail.
    return found !== 'not-executed' && found.status === 'failed' && found.thrown ? UNKNOWN : found
  }

  /** Runs the tool; `interrupted` when it failed because the run was told to end. */
  #execute(part: ToolCallPart, call: ToolCallRecord): Promise<CallEnd | 'interrupted'> {
    const { agent } = this.#execution
    return this.#withTool(part, call, async (invocation) => {
      const final = await this.#collect(part, agent.runTool(invocation))
      return succeeded(final)
    })
  }

  /** Lets a tool act within its time. */
  async #withTool<T>(
    part: ToolCallPart,
    call: ToolCallRecord,
    act: (invocation: ToolInvocation) => Promise<T>,
  ): Promise<T | CallEnd | 'interrupted'> {
    const { agent, run, signal, clock } = this.#execution
    using control = linkedController(signal)
    const timeout = new AbortController()
    const disarm = clock.after(agent.timeout.toolMs, () => {
      timeout.abort()
      control.abort({ kind: 'timeout' })
    })
    try {
      const acted = act({
        runId: run.id,
        chatId: run.chatId,
        stepIndex: call.stepIndex,
        toolCallId: part.toolCallId,
        toolName: part.toolName,
        input: part.input,
        messages: this.#messages,
        idempotencyKey: idempotencyKey(run.id, call.stepIndex, part.toolCallId),
        signal: control.signal,
        write: (data) => this.#write(part, data),
      })
      const end = await untilAborted(acted, timeout.signal)
      return end ?? { status: 'failed', error: timeoutText(agent.timeout.toolMs), thrown: true }
    } catch (thrown) {
      if (signal.aborted) return 'interrupted'
      const error = timeout.signal.aborted
        ? timeoutText(agent.timeout.toolMs)
        : cleanText(getErrorText(thrown))
      return { status: 'failed', error, thrown: true }
    } finally {
      disarm()
    }
  }

  async #collect(
    part: ToolCallPart,
    updates: AsyncIterable<ToolUpdate>,
  ): Promise<Extract<ToolUpdate, { type: 'final' }>> {
    for await (const update of updates) {
      if (update.type === 'final') return update
      this.#preliminary(part, cleanJson(update.output))
    }
    throw new InvariantError(`The tool ${part.toolName} ended without an output.`)
  }

  #preliminary(part: ToolCallPart, output: unknown): void {
    if (!this.#isOpen(part)) return
    const { writer } = this.#execution
    const call = this.#calls.get(part.toolCallId)!
    const n = writer.chunk(call.stepIndex, preliminaryChunk(part.toolCallId, output))
    this.#calls.set(part.toolCallId, { ...call, preliminary: { n, output } })
  }

  #write(part: ToolCallPart, written: Omit<DataPart, 'n'> & { transient?: boolean }): void {
    if (!this.#isOpen(part)) return
    const { writer } = this.#execution
    const call = this.#calls.get(part.toolCallId)!
    const { transient, ...rest } = written
    const data = { ...rest, data: cleanJson(rest.data) }
    const chunk = { ...dataChunk(data), ...(transient ? { transient } : {}) }
    const n = writer.chunk(call.stepIndex, chunk as ReturnType<typeof dataChunk>)
    if (transient) return
    this.#calls.set(part.toolCallId, { ...call, data: [...call.data, { ...data, n }] })
  }

  async #end(call: ToolCallRecord, end: CallEnd): Promise<void> {
    const { journal, lease, durably } = this.#execution
    const ended = this.#announce(call, end)
    await durably(() => journal.endCall(lease, call.stepIndex, call.toolCallId, ended))
  }

  /** Sends the result to readers and keeps it; what is journaled has the units that were sent. */
  #announce(call: ToolCallRecord, end: CallEnd): ToolCallEnd {
    const { writer, lease } = this.#execution
    const { preliminary: _dropped, ...rest } = call
    const span = call.epoch === lease.epoch ? call.span : { from: writer.n + 1 }
    const { thrown: _thrown, ...kept } = end
    const ended = { ...rest, ...kept, epoch: lease.epoch }
    const n = writer.chunk(call.stepIndex, outputChunk({ ...ended, span }))
    const record = { ...ended, span: { from: span.from, to: n } }
    this.#calls.set(call.toolCallId, record)
    return record
  }

  /** Ends, for readers and for the settlement, what was started and has no result. */
  #interrupted(): Settlement['calls'] {
    const open = [...this.#calls.values()].filter(({ status }) => status === 'started')
    return open.map((call) => ({
      stepIndex: call.stepIndex,
      toolCallId: call.toolCallId,
      end: this.#announce(call, UNKNOWN),
    }))
  }
}

type CallEnd = Pick<ToolCallEnd, 'status'> &
  Partial<Pick<ToolCallEnd, 'output' | 'modelOutput' | 'error'>> & {
    /** It was the tool's code that failed, not what it reports. */
    readonly thrown?: boolean
  }

const succeeded = ({
  output,
  modelOutput,
}: {
  output: unknown
  modelOutput?: unknown
}): CallEnd => ({
  status: 'succeeded',
  output: cleanJson(output),
  ...(modelOutput === undefined ? {} : { modelOutput: cleanJson(modelOutput) }),
})

const UNKNOWN: CallEnd = { status: 'unknown', error: INTERRUPTED_CALL }

const timeoutText = (ms: number): string => `The tool did not finish within ${ms / 1000} s.`
