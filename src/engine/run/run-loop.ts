/**
 * Executes a claimed run from its journal on, one model call and its tools at a time, until it has to be settled or to wait.
 *
 * INVARIANT: the model's decision is durable before any tool acts on it.
 */
import { limitSentence } from '../../domain/limits.ts'
import type { RunOutcome } from '../../domain/run.ts'
import {
  executableCalls,
  isWaiting,
  mayAct,
  saysSomething,
  type StepRecord,
} from '../../domain/step.ts'
import { interruptReason, untilAborted, type Execution } from './execution.ts'
import { withFiles } from './kept-files.ts'
import { modelPhase } from './model-phase.ts'
import type { Settlement } from '../ports.ts'
import { begunStep } from '../workers/settlement.ts'
import { toolPhase } from './tool-phase.ts'
import { isResolved, lastUnit, type StepView } from '../tail/view.ts'

/** How an execution ended: the run is to be settled, or given back for somebody else to go on with it. */
export type LoopEnd =
  | ({ readonly kind: 'settle' } & Settlement)
  | { readonly kind: 'release' }
  /** What is left of the last step is for people to decide. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'lost' }

export const runLoop = async (execution: Execution): Promise<LoopEnd> => {
  for (;;) {
    const early = interrupted(execution)
    if (early) return early
    const last = execution.steps.at(-1)
    const answer = last && isAnswer(last, execution) ? last : undefined
    // Finishing begins nothing new, so a process that wants to end does it too.
    if (!answer && execution.draining()) return { kind: 'release' }
    const end = await (answer ? finish(execution, answer) : nextPhase(execution, last))
    if (end) return end
  }
}

const nextPhase = async (
  execution: Execution,
  last: StepView | undefined,
): Promise<LoopEnd | undefined> => {
  if (!last) return callModel(execution)
  if (!isResolved(last)) return runTools(execution, last)
  const done = await asked(execution, execution.agent.isDone(execution.steps))
  if (!done) return interrupted(execution)
  return done.answer ? settle({ status: 'succeeded' }) : callModel(execution)
}

const isAnswer = (last: StepView, execution: Execution): boolean =>
  isResolved(last) && !continues(last, execution)

/** What the agent's own code answers; undefined when the run was told to end meanwhile. */
const asked = <T>({ signal }: Execution, answer: Promise<T>): Promise<{ answer: T } | undefined> =>
  untilAborted(
    answer.then((value) => ({ answer: value })),
    signal,
  )

/** A run that is stopped as soon as it was taken over: its former holder may have begun a step. */
const beforeAnything = ({ run, steps, writer }: Execution): Pick<Settlement, 'step'> => {
  const step = writer.n === 0 ? begunStep(run, steps, 0) : undefined
  return step ? { step } : {}
}

/** The model asked for something, and what it asked for has its results: it wants to see them. */
const continues = ({ step }: StepView, { steps, agent }: Execution): boolean =>
  mayAct(step.info) &&
  (step.parts.some((part) => part.type === 'tool-call' && !part.providerExecuted) ||
    owesResult(steps, agent))

/** The provider has begun one of its own tools whose result may come in a later step. */
const owesResult = (steps: readonly StepView[], agent: Execution['agent']): boolean => {
  const parts = steps.flatMap(({ step }) => step.parts)
  return parts.some(
    (part) =>
      part.type === 'tool-call' &&
      part.providerExecuted === true &&
      agent.tool(part.toolName)?.defersResults === true &&
      !parts.some((other) => other.type === 'tool-result' && other.toolCallId === part.toolCallId),
  )
}

const runTools = async (execution: Execution, view: StepView): Promise<LoopEnd | undefined> => {
  const { agent, steps, writer, lease, told } = execution
  // Its tools are told what its model was told, also after a takeover.
  const context = { steps: steps.slice(0, -1), withTools: true, plainly: told.plainly }
  const prepared = await asked(execution, agent.prepareStep(context))
  if (!prepared) return interrupted(execution)
  const messages = await withFiles(execution, prepared.answer.messages)
  const calls = await toolPhase(execution, view, messages)
  const after = steps.at(-1)!
  // Only in the epoch of the step's last unit: otherwise readers could not tell its number.
  if (isResolved(after) && lastUnit(after).epoch === lease.epoch) writer.end(after.step.stepIndex)
  const end = interruption(execution, { calls })
  return end ?? (after.calls.some(isWaiting) ? { kind: 'wait' } : undefined)
}

const callModel = async (execution: Execution): Promise<LoopEnd | undefined> => {
  const { agent, steps, stepClock, room, limits, told } = execution
  const stepIndex = steps.length
  if (room.left === 0)
    return settle(failed('answer_too_large', limitSentence('answerChars', limits.answerChars)))
  if (stepIndex >= agent.maxSteps) return settle(tooManySteps(agent.maxSteps))
  stepClock.begin()
  const withTools = stepIndex + 1 < agent.maxSteps
  const context = { steps: [...steps], withTools, plainly: told.plainly }
  const prepared = await asked(execution, agent.prepareStep(context))
  if (!prepared) return interrupted(execution)
  const phase = await modelPhase(execution, prepared.answer)
  if (phase.kind === 'failed') {
    if (!isRejected(phase.outcome) || told.plainly) return settle(phase.outcome, phase.step)
    const plain = await asked(execution, agent.prepareStep({ ...context, plainly: true }))
    if (!plain) return interruption(execution, { step: phase.step })
    told.plainly = !isSame(plain.answer.messages, prepared.answer.messages)
    told.refused = phase.attempts
    return told.plainly ? undefined : settle(phase.outcome, phase.step)
  }
  told.refused = []
  if (phase.kind === 'interrupted') return interruption(execution, { step: phase.step })
  steps.push({ step: phase.step, calls: [] })
  return undefined
}

/** Perhaps for what it attached to its own words: it may have forgotten them, or not know its signatures any more. */
const isRejected = (outcome: RunOutcome): boolean =>
  outcome.status === 'failed' && outcome.code === 'provider_rejected'

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

const finish = async (execution: Execution, last: StepView): Promise<LoopEnd | undefined> => {
  const outcome = verdict(last, execution)
  if (outcome.status !== 'succeeded') return settle(outcome)
  const reading = await asked(execution, execution.agent.readOutput(last.step))
  if (!reading) return interrupted(execution)
  const { answer } = reading
  switch (answer.kind) {
    case 'none':
      return settle(outcome)
    case 'read':
      return settle({ ...outcome, output: answer.output })
    case 'invalid':
      return settle(failed('invalid_output', answer.error))
    default:
      return answer satisfies never
  }
}

/** As `interruption`, while nothing of the next phase has begun. */
const interrupted = (execution: Execution): LoopEnd | undefined =>
  interruption(execution, beforeAnything(execution))

/** What an aborted execution comes to; undefined when nobody has interrupted it. */
const interruption = (
  { signal }: Execution,
  rest: Partial<Pick<Settlement, 'step' | 'calls'>> = {},
): LoopEnd | undefined => {
  const reason = interruptReason(signal)
  if (!reason) return undefined
  switch (reason.kind) {
    case 'stop':
      return { kind: 'settle', outcome: { status: 'aborted' }, calls: [], ...rest }
    case 'shutdown':
      return { kind: 'release' }
    case 'lease-lost':
    case 'failed':
      return { kind: 'lost' }
    default:
      return reason.kind satisfies never
  }
}

const settle = (outcome: RunOutcome, step?: StepRecord): LoopEnd => ({
  kind: 'settle',
  outcome,
  calls: [],
  ...(step ? { step } : {}),
})

/** What the last step of a run means for the run. */
const verdict = ({ step }: StepView, { steps, agent }: Execution): RunOutcome => {
  switch (step.info?.finishReason) {
    case 'length':
      return failed('output_truncated', 'The answer was cut: the model reached its output limit.')
    case 'content-filter':
      return failed('content_filtered', "The provider's content filter stopped the answer.")
    default:
  }
  if (executableCalls(step).length > 0) return tooManySteps(agent.maxSteps)
  return steps.some((view) => saysSomething(view.step))
    ? { status: 'succeeded' }
    : failed('empty_answer', 'The model gave an empty answer.')
}

const tooManySteps = (maxSteps: number): RunOutcome =>
  failed('max_steps', `The agent reached its limit of ${maxSteps} steps without an answer.`)

const failed = (
  code: Extract<RunOutcome, { status: 'failed' }>['code'],
  error: string,
): RunOutcome => ({
  status: 'failed',
  code,
  error,
})
