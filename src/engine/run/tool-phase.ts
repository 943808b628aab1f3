/**
 * Executes the calls of a journaled step, in parallel, through the ledger.
 *
 * INVARIANT: a call acts only after `started` is durable; a journaled result is never made again; a call that was
 * started and has no result is executed again only when its tool is idempotent, else it is said to be unknown. Calls that
 * a person has to decide about are asked for first, and left to wait.
 */
import type { ModelMessage } from 'ai'
import { coerceError, LeaseLostError, ToolFailedError } from '../../domain/errors.ts'
import {
  executableCalls,
  type DataPart,
  type ToolCallEnd,
  type ToolCallPart,
  type ToolCallRecord,
} from '../../domain/step.ts'
import { cleanJson } from '../../domain/text.ts'
import { charsOf } from './answer-room.ts'
import { concurrently } from './concurrently.ts'
import { dataChunk, NOT_EXECUTED, outputChunk, preliminaryChunk } from '../chunks.ts'
import { interruptReason, pause, untilAborted, type Execution } from './execution.ts'
import type { Settlement } from '../ports.ts'
import { newCall, recordConsent } from './consent.ts'
import { executeCall, recoverCall, UNKNOWN, type Acting, type CallEnd } from './tool-execution.ts'
import type { StepView } from '../tail/view.ts'

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
  /** Characters of the data parts that each call has written. */
  readonly #written = new Map<string, number>()

  constructor(execution: Execution, view: StepView, messages: readonly ModelMessage[]) {
    this.#execution = execution
    this.#view = view
    this.#messages = messages
    for (const call of view.calls) this.#calls.set(call.toolCallId, call)
  }

  async run(): Promise<Settlement['calls']> {
    const { agent, writer, steps, signal, clock } = this.#execution
    const { step } = this.#view
    writer.continue(() => ({ step, calls: [...this.#calls.values()] }))
    const recorded = await recordConsent(this.#execution, this.#view, (part) => this.#acting(part))
    for (const call of recorded) this.#calls.set(call.toolCallId, call)
    const open = executableCalls(step).filter(({ toolCallId }) => {
      const call = this.#calls.get(toolCallId)
      return !call || call.status === 'started' || call.status === 'approved'
    })
    const overdue = new AbortController()
    const forget = this.#onAbort(signal, () => {
      const ended = pause(clock, OBEY_MS, overdue.signal)
      void ended.then(() => overdue.abort())
    })
    try {
      const results = await concurrently(open, agent.toolCallConcurrency, (call) =>
        this.#guarded(call, overdue.signal),
      )
      this.#rethrow(results.flatMap((each) => (each.status === 'rejected' ? each.reason : [])))
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

  /** The first failure says how the run goes on; of the others only a lost lease is no news. */
  #rethrow([first, ...others]: readonly unknown[]): void {
    if (first === undefined) return
    for (const other of others)
      if (!(other instanceof LeaseLostError))
        this.#execution.report(coerceError(other), 'journaling a tool call')
    throw coerceError(first)
  }

  async #call(part: ToolCallPart, overdue: AbortSignal): Promise<void> {
    const { agent, signal, confirm } = this.#execution
    const traits = agent.tool(part.toolName)
    const before = this.#calls.get(part.toolCallId)
    if (signal.aborted) return
    if (before?.status === 'started' && !traits?.idempotent) {
      const asked = traits?.recoverable && recoverCall(this.#execution, this.#acting(part))
      const found = asked ? await untilAborted(asked, overdue) : UNKNOWN
      if (!found) return
      if (found !== 'not-executed') return this.#end(before, found)
    }
    const call = await this.#start(part, before)
    // Whoever slept since then may find that another one has asked the tool what became of the call.
    await confirm()
    // Between the check and the write: this attempt is known not to have acted; one before it may have.
    if (signal.aborted) {
      const mayHaveActed = before?.status === 'started' && traits?.idempotent === true
      return this.#end(call, mayHaveActed ? UNKNOWN : notExecuted(signal))
    }
    if (!traits) {
      const error = `There is no tool named ${part.toolName} any more.`
      return this.#end(call, { status: 'failed', error })
    }
    const end = await untilAborted(executeCall(this.#execution, this.#acting(part)), overdue)
    // What comes after the grace is dropped.
    if (!end || !this.#isOpen(part)) return
    await this.#end(this.#calls.get(part.toolCallId)!, end)
  }

  #isOpen({ toolCallId }: ToolCallPart): boolean {
    return this.#calls.get(toolCallId)?.status === 'started'
  }

  async #start(part: ToolCallPart, before: ToolCallRecord | undefined): Promise<ToolCallRecord> {
    const { journal, lease, writer, durably, signal } = this.#execution
    const call: ToolCallRecord = {
      ...(before ?? newCall(this.#view.step, part)),
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

  #acting(part: ToolCallPart): Acting {
    return {
      part,
      stepIndex: this.#view.step.stepIndex,
      messages: this.#messages,
      write: (data) => this.#write(part, data),
      onPreliminary: (output) => this.#preliminary(part, output),
    }
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
    this.#takeRoom(call, data, transient === true)
    const chunk = { ...dataChunk(data), ...(transient ? { transient } : {}) }
    const n = writer.chunk(call.stepIndex, chunk as ReturnType<typeof dataChunk>)
    if (transient) return
    this.#calls.set(part.toolCallId, { ...call, data: [...call.data, { ...data, n }] })
  }

  /** @throws ToolFailedError to the tool that writes without end */
  #takeRoom({ toolCallId }: ToolCallRecord, part: Omit<DataPart, 'n'>, transient: boolean): void {
    const { limits, room } = this.#execution
    const chars = charsOf(part)
    const written = (this.#written.get(toolCallId) ?? 0) + chars
    if (chars > room.left || written > limits.toolOutputChars)
      throw new ToolFailedError(
        `The tool writes more data than the answer keeps of a call: at most ${limits.toolOutputChars} characters.`,
      )
    if (transient) return
    this.#written.set(toolCallId, written)
    room.take(chars)
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
    const ended = { ...rest, ...end, epoch: lease.epoch }
    const n = writer.chunk(call.stepIndex, outputChunk(ended))
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

const notExecuted = (signal: AbortSignal): CallEnd => ({
  status: 'failed',
  error: interruptReason(signal)?.kind === 'shutdown' ? NOT_BEGUN : NOT_EXECUTED,
})

/** The run goes on elsewhere: the model may ask again. */
const NOT_BEGUN = 'The call was not executed: the server shut down first.'
