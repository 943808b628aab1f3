/** One step's model call, tried again while its attempts break: ends with a journaled step, or says why there is none. */
import { coerceError, isRetryable, LeaseLostError } from '../../domain/errors.ts'
import { limitSentence } from '../../domain/limits.ts'
import type { RunErrorCode, RunOutcome } from '../../domain/run.ts'
import { saysSomething, type BrokenAttempt, type StepRecord } from '../../domain/step.ts'
import { AbortableWaits, linkedController, pause, type Execution } from './execution.ts'
import { keepModelFile, withFiles } from './kept-files.ts'
import type { ModelPartOf } from '../prompt/model-parts.ts'
import type { ModelFailure, ModelPart, PreparedStep } from '../ports.ts'
import { StepBuilder } from './step-builder.ts'

const MAX_RETRY_MS = 60_000

export type ModelPhase =
  | { readonly kind: 'step'; readonly step: StepRecord }
  /** `step`: what the last attempt produced; the journal does not have it yet. */
  | {
      readonly kind: 'failed'
      readonly outcome: RunOutcome
      readonly step: StepRecord
      /** All that were made, the last one included. */
      readonly attempts: readonly BrokenAttempt[]
    }
  | { readonly kind: 'interrupted'; readonly step: StepRecord }

export const modelPhase = async (
  execution: Execution,
  prepared: PreparedStep,
): Promise<ModelPhase> => {
  const { agent, clock, signal, journal, lease, writer, steps, durably, confirm } = execution
  const { room, limits, told } = execution
  const broken = [...told.refused]
  const messages = await withFiles(execution, prepared.messages)
  for (let attempt = 0; ; attempt++) {
    await confirm()
    const startedAt = clock.date()
    const builder = new StepBuilder({
      writer,
      agent,
      asked: prepared,
      stepIndex: steps.length,
      epoch: lease.epoch,
      startedAt,
      room: Math.min(limits.stepChars, room.left),
    })
    const failure = await callOnce(execution, { ...prepared, messages }, builder)
    builder.close()
    const endedAt = clock.date()
    const step = builder.record(builder.info(endedAt, [...broken]))
    if (signal.aborted) return { kind: 'interrupted', step: interrupted(step) }
    if (!failure) {
      await durably(() => journal.appendStep(lease, step))
      room.take(builder.chars)
      return { kind: 'step', step }
    }
    const left = interrupted(step)
    broken.push({ startedAt, endedAt, errorCode: failure.code, error: failure.message })
    if (!failure.retryable || attempt >= agent.maxRetries)
      return { kind: 'failed', outcome: outcomeOf(failure), step: left, attempts: broken }
    if (await pause(clock, retryDelay(failure, attempt, clock.random()), signal))
      return { kind: 'interrupted', step: left }
  }
}

/** The attempt does not count as a finished model call, however it ended. */
const interrupted = (step: StepRecord): StepRecord =>
  step.info ? { ...step, info: { ...step.info, finishReason: 'interrupted' } } : step

const outcomeOf = ({ code, message }: ModelFailure): RunOutcome => ({
  status: 'failed',
  code,
  error: message,
})

const retryDelay = ({ retryAfterMs }: ModelFailure, attempt: number, random: number): number => {
  const backoff = Math.min(1000 * 2 ** attempt, 10_000) * (0.5 + random / 2)
  return Math.min(Math.max(retryAfterMs ?? 0, backoff), MAX_RETRY_MS)
}

/** Feeds one model call to the builder; undefined when the call ended well. */
const callOnce = async (
  execution: Execution,
  prepared: PreparedStep,
  builder: StepBuilder,
): Promise<ModelFailure | undefined> => {
  const { agent, clock, signal, stepClock, report } = execution
  using call = linkedController(signal)
  using waits = new AbortableWaits(call.signal)
  let stalled: ModelFailure | undefined
  const watch = (ms: number, message: string) =>
    clock.after(ms, () => {
      stalled = broken('provider_stalled', message)
      call.abort({ kind: 'stall' })
    })
  const overdue = () => {
    stalled = { ...broken('provider_stalled', tooLate(agent)), retryable: false }
    call.abort({ kind: 'stall' })
  }
  const left = stepClock.leftMs
  const forget = left === Infinity ? undefined : clock.after(left, overdue)
  const watchChunk = () =>
    watch(agent.timeout.chunkMs, 'The model stopped in the middle of its answer.')
  let disarm = watch(agent.timeout.firstChunkMs, 'The model did not begin to answer in time.')
  const parts = prepared.call(call.signal, prepared.messages)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await waits.wait(parts.next())
      if (!next) return stalled
      if (next.done) break
      if (isAnswer(next.value)) {
        builder.firstChunkAt ??= clock.date()
        disarm()
        disarm = watchChunk()
      }
      if (next.value.type === 'error') return prepared.describeFailure(next.value.error)
      if (isFile(next.value)) {
        // The database may take its time: that is not the model's.
        disarm()
        const kept = await keepModelFile(execution, next.value, call.signal)
        disarm = watchChunk()
        if (!kept) return fileTooLarge(execution)
        builder.file(kept)
      } else builder.accept(next.value)
      if (builder.full) return tooLarge(execution)
    }
    return judge(builder, execution)
  } catch (thrown) {
    if (signal.aborted) return undefined
    if (thrown instanceof LeaseLostError || isRetryable(thrown)) throw thrown
    return stalled ?? prepared.describeFailure(thrown)
  } finally {
    disarm()
    forget?.()
    call.abort({ kind: 'done' })
    // The provider may take its time to notice; nobody waits for it.
    parts.return?.().catch((thrown: unknown) => report(coerceError(thrown), 'closing a model call'))
  }
}

const tooLate = ({ timeout }: Execution['agent']): string =>
  `The model did not finish its answer within ${(timeout.stepMs ?? 0) / 1000} s.`

/** The headers of an answer come long before a thinking model says its first word. */
const isAnswer = ({ type }: ModelPart): boolean =>
  type !== 'model-call-start' && type !== 'model-call-response-metadata'

const isFile = (part: ModelPart): part is ModelPartOf<'file' | 'reasoning-file'> =>
  part.type === 'file' || part.type === 'reasoning-file'

const tooLarge = ({ limits, room }: Execution): ModelFailure =>
  beyond(
    room.left < limits.stepChars
      ? limitSentence('answerChars', limits.answerChars)
      : limitSentence('stepChars', limits.stepChars),
  )

const fileTooLarge = ({ limits }: Execution): ModelFailure =>
  beyond(`The model made a file of more than ${limits.fileBytes} bytes, and was interrupted.`)

const beyond = (message: string): ModelFailure => ({
  code: 'answer_too_large',
  message,
  retryable: false,
})

/** A model call counts when it ended on its own terms and said something. */
const judge = (builder: StepBuilder, { steps }: Execution): ModelFailure | undefined => {
  const { end } = builder
  if (!end || isCut(end))
    return broken('provider_broken_stream', 'The connection to the model broke in its answer.')
  if (end.finishReason === 'error')
    return broken('provider_error', 'The model provider reported an error in its answer.')
  const cut = end.finishReason === 'length' || end.finishReason === 'content-filter'
  // After tool calls some models have nothing to add; that is an answer only if something was said before.
  if (!cut && !builder.hasContent && !steps.some(({ step }) => saysSomething(step)))
    return broken('empty_answer', 'The model gave an empty answer.')
  return undefined
}

/** The stream ended without the word that ends an answer. */
const isCut = ({ finishReason, rawFinishReason }: NonNullable<StepBuilder['end']>): boolean =>
  finishReason === 'interrupted' || (finishReason === 'other' && rawFinishReason === undefined)

const broken = (code: RunErrorCode, message: string): ModelFailure => ({
  code,
  message,
  retryable: true,
})
