/** A run as its readers see it: the steps that survived, and where each of them lies among the units of the run. */
import { comparePoints, type Position } from '../../domain/position.ts'
import { isAtRest, isSettled, type RunRecord } from '../../domain/run.ts'
import {
  executableCalls,
  hasResult,
  mayAct,
  type StepRecord,
  type ToolCallRecord,
} from '../../domain/step.ts'

type Point = Pick<Position, 'epoch' | 'n'>

export type StepView = {
  readonly step: StepRecord
  readonly calls: readonly ToolCallRecord[]
  /** The last unit up to which everything is known; undefined when nothing more can come. */
  readonly upTo?: Point | undefined
}

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

export const viewOf = (
  run: RunView['run'],
  steps: readonly StepRecord[],
  calls: readonly ToolCallRecord[],
): RunView => ({
  run,
  steps: steps.map((step) => {
    const own = calls.filter((call) => call.stepIndex === step.stepIndex)
    return { step, calls: own, upTo: isSettled(run.status) ? undefined : horizon(step, own) }
  }),
})

/**
 * What a running call has said is not in the ledger before its end, so nothing that came after its start can be shown: it
 * would move readers past what the call said.
 */
const horizon = (step: StepRecord, calls: readonly ToolCallRecord[]): Point | undefined => {
  const running = calls.filter(({ status }) => status === 'started')
  if (running.length === 0) return undefined
  const points = running.map(({ epoch, span }) => ({ epoch, n: span.from - 1 }))
  const first = points.reduce((a, b) => (comparePoints(a, b) <= 0 ? a : b))
  const model = { epoch: step.epoch, n: step.span.to }
  return comparePoints(first, model) > 0 ? first : model
}

/** The view with the step in flight, as the log has it. */
export const withSnapshot = (view: RunView, snapshot: Snapshot | undefined): RunView => {
  if (!snapshot || isAtRest(view.run.status)) return view
  const { step, calls, epoch, n } = snapshot
  const { status, leaseEpoch } = view.run
  // What a lost holder has left in the log is void, and that of one which gave the run back is in the journal.
  if (epoch < leaseEpoch || (status === 'pending' && epoch === leaseEpoch)) return view
  const journaled = view.steps[step.stepIndex]
  // A log that lags has nothing to add.
  if (step.stepIndex < view.steps.length - 1 || (journaled && isResolved(journaled))) return view
  const steps = view.steps.slice(0, step.stepIndex)
  const known = journaled?.step
  const point = { epoch, n }
  if (!known || step.info) return { ...view, steps: [...steps, { step, calls, upTo: point }] }
  // The model phase is journaled and the log has not said so yet: what comes after it is still in the log.
  const end = { epoch: known.epoch, n: known.span.to }
  const upTo = comparePoints(end, point) > 0 ? end : point
  return { ...view, steps: [...steps, { step: known, calls: [], upTo }] }
}

export const attemptBegin = ({ step }: StepView): Point => ({
  epoch: step.epoch,
  n: step.span.from,
})

/** The last unit of a step that survived; `upTo`: of those up to that epoch. */
export const lastUnit = (
  { step, calls }: StepView,
  upTo: number = Number.POSITIVE_INFINITY,
): Point => {
  const points = calls.flatMap(unitsOf).filter(({ epoch }) => epoch <= upTo)
  return points.reduce((last, point) => (comparePoints(point, last) > 0 ? point : last), {
    epoch: step.epoch,
    n: step.span.to,
  })
}

const unitsOf = ({ epoch, span, preliminary, data, approval }: ToolCallRecord): Point[] => {
  const ns = [span.to ?? 0, preliminary?.n ?? 0, ...data.map((part) => part.n)]
  const units = [approval?.asked, approval?.told].filter((unit) => unit !== undefined)
  return [{ epoch, n: Math.max(...ns) }, ...units]
}

/**
 * True when a call has begun again after this epoch, so that what it said then is void. A call that somebody decided about
 * had not begun before.
 */
export const isRepeated = ({ epoch, decidedEpoch = 0 }: ToolCallRecord, since: number): boolean =>
  since < epoch && since > decidedEpoch

/** True when each call of the step that we execute has ended, and readers can be told. */
export const isResolved = ({ step, calls }: StepView): boolean =>
  step.info !== undefined &&
  (!mayAct(step.info) ||
    executableCalls(step).every(({ toolCallId }) =>
      calls.some((call) => call.toolCallId === toolCallId && hasResult(call)),
    ))
