/** A run as its readers see it: the steps that survived, and where each of them lies among the units of the run. */
import { comparePoints, type Position } from '../domain/position.ts'
import { isSettled, type RunRecord } from '../domain/run.ts'
import { executableCalls, mayAct, type StepRecord, type ToolCallRecord } from '../domain/step.ts'

export type StepView = { readonly step: StepRecord; readonly calls: readonly ToolCallRecord[] }

export type RunView = {
  readonly run: Pick<RunRecord, 'id' | 'status' | 'error' | 'leaseEpoch'>
  readonly steps: readonly StepView[]
}

/** What the chunk log holds of a step that the journal does not have yet, or not completely. */
export type Snapshot = {
  readonly epoch: number
  /** The last unit that the snapshot covers. */
  readonly n: number
  readonly step: StepRecord
  readonly calls: readonly ToolCallRecord[]
}

type Point = Pick<Position, 'epoch' | 'n'>

export const viewOf = (
  run: RunView['run'],
  steps: readonly StepRecord[],
  calls: readonly ToolCallRecord[],
): RunView => ({
  run,
  steps: steps.map((step) => ({
    step,
    calls: calls.filter((call) => call.stepIndex === step.stepIndex),
  })),
})

/** The view with the step in flight, as far as the journal does not know better. */
export const withSnapshot = (view: RunView, snapshot: Snapshot | undefined): RunView => {
  if (!snapshot || isSettled(view.run.status)) return view
  const known = view.steps.find(({ step }) => step.stepIndex === snapshot.step.stepIndex)
  if (!known) return { ...view, steps: [...view.steps, snapshot] }
  const calls = snapshot.calls.map((call) => {
    const stored = known.calls.find((other) => other.toolCallId === call.toolCallId)
    return stored && stored.status !== 'started' ? stored : call
  })
  const merged = { step: known.step, calls }
  return { ...view, steps: view.steps.map((step) => (step === known ? merged : step)) }
}

export const attemptBegin = ({ step }: StepView): Point => ({
  epoch: step.epoch,
  n: step.span.from,
})

/** The epoch in which the step's tools ran last; the model's when none ran. */
export const toolEpoch = ({ step, calls }: StepView): number =>
  calls.reduce((epoch, call) => Math.max(epoch, call.epoch), step.epoch)

/** The last unit of a step that survived. */
export const lastUnit = ({ step, calls }: StepView): Point => {
  let last: Point = { epoch: step.epoch, n: step.span.to }
  for (const { epoch, span, preliminary, data } of calls) {
    const ns = [span.to ?? 0, preliminary?.n ?? 0, ...data.map((part) => part.n)]
    const point = { epoch, n: Math.max(...ns) }
    if (comparePoints(point, last) > 0) last = point
  }
  return last
}

/** True when each call of the step that we execute has ended. */
export const isResolved = ({ step, calls }: StepView): boolean =>
  step.info !== undefined &&
  (!mayAct(step.info) ||
    executableCalls(step).every(({ toolCallId }) =>
      calls.some((call) => call.toolCallId === toolCallId && call.status !== 'started'),
    ))
