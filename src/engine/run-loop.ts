/**
 * Executes a claimed run from its journal on, one model call and its tools at a time, until it has to be settled.
 *
 * INVARIANT: the model's decision is durable before any tool acts on it.
 */
import type { RunOutcome } from '../domain/run.ts'
import { executableCalls, mayAct, saysSomething, type StepRecord } from '../domain/step.ts'
import { interruptReason, type Execution } from './execution.ts'
import { runMessages } from './history.ts'
import { modelPhase } from './model-phase.ts'
import type { Settlement } from './ports.ts'
import { begunStep } from './settlement.ts'
import { toolPhase } from './tool-phase.ts'
import { isResolved, lastUnit, type StepView } from './view.ts'
import type { ModelMessage } from 'ai'

/** How an execution ended: the run is to be settled, or given back for somebody else to go on with it. */
export type LoopEnd =
  | ({ readonly kind: 'settle' } & Settlement)
  | { readonly kind: 'release' }
  | { readonly kind: 'lost' }

export const runLoop = async (
  execution: Execution,
  history: readonly ModelMessage[],
): Promise<LoopEnd> => {
  for (;;) {
    const early = interruption(execution, beforeAnything(execution))
    if (early) return early
    if (execution.draining()) return { kind: 'release' }
    const last = execution.steps.at(-1)
    const end =
      last && !isResolved(last)
        ? await runTools(execution, last, history)
        : last && !continues(last)
          ? settle(verdict(last, execution))
          : await callModel(execution, history)
    if (end) return end
  }
}

/** A run that is stopped as soon as it was taken over: its former holder may have begun a step. */
const beforeAnything = ({ run, steps, writer }: Execution): Pick<Settlement, 'step'> => {
  const step = writer.n === 0 ? begunStep(run, steps, 0) : undefined
  return step ? { step } : {}
}

/** The model asked for something, and what it asked for has its results: it wants to see them. */
const continues = ({ step }: StepView): boolean =>
  mayAct(step.info) &&
  step.parts.some((part) => part.type === 'tool-call' && !part.providerExecuted)

const runTools = async (
  execution: Execution,
  view: StepView,
  history: readonly ModelMessage[],
): Promise<LoopEnd | undefined> => {
  const { agent, steps, writer, lease } = execution
  const before = runMessages(steps.slice(0, -1), agent.model.provider)
  const interrupted = await toolPhase(execution, view, [...history, ...before])
  const after = steps.at(-1)!
  // Only in the epoch of the step's last unit: otherwise readers could not tell its number.
  if (isResolved(after) && lastUnit(after).epoch === lease.epoch) writer.end(after.step.stepIndex)
  return interruption(execution, { calls: interrupted })
}

const callModel = async (
  execution: Execution,
  history: readonly ModelMessage[],
): Promise<LoopEnd | undefined> => {
  const { agent, steps } = execution
  const stepIndex = steps.length
  if (stepIndex >= agent.maxSteps) return settle(tooManySteps(agent.maxSteps))
  const messages = [...history, ...runMessages(steps, agent.model.provider)]
  const withTools = stepIndex + 1 < agent.maxSteps
  const phase = await modelPhase(execution, { messages, stepIndex, withTools })
  if (phase.kind === 'failed') return settle(phase.outcome, phase.step)
  if (phase.kind === 'interrupted') return interruption(execution, { step: phase.step })
  steps.push({ step: phase.step, calls: [] })
  return undefined
}

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
