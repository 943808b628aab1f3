/** What a run consists of as bars on a time axis, from what the server knows of it. Times are in milliseconds. */
import type { RunDetails, RunHold, Step } from 'outlast/client'

export type Call = Step['calls'][number]

/** What is still going on has no end. */
export type Extent = { readonly from: number; readonly to: number | undefined }

export type RunBar = Extent & {
  readonly kind: 'run'
  readonly key: string
  /** `queued`: between two processes, after a deploy or a decision. `lost`: held by a process that nobody heard of any more. */
  readonly state: 'pending' | 'held' | 'waiting' | 'queued' | 'lost'
  readonly worker: string | undefined
  /** Which of the workers of this run it is, from 0. */
  readonly workerIndex: number | undefined
}

export type ModelBar = Extent & {
  readonly kind: 'model'
  readonly key: string
  readonly stepIndex: number
  readonly state: 'answered' | 'interrupted' | 'broken' | 'answering'
  readonly firstChunkAt: number | undefined
  /** Why a broken attempt broke. */
  readonly error: string | undefined
}

export type CallBar = Extent & {
  readonly kind: 'call'
  readonly key: string
  readonly stepIndex: number
  readonly toolCallId: string
  readonly toolName: string
  readonly state: Call['status']
  /** The first part of the bar, in which somebody had to answer. */
  readonly waitedUntil: number | undefined
}

export type Bar = RunBar | ModelBar | CallBar

export type Mark = { readonly kind: 'stop' | 'decided' | 'end'; readonly at: number }

export type Chart = {
  readonly from: number
  /** The last moment that is known of. */
  readonly until: number
  readonly isActive: boolean
  readonly run: readonly RunBar[]
  readonly model: readonly ModelBar[]
  readonly calls: readonly CallBar[]
  readonly marks: readonly Mark[]
}

export type Known = {
  readonly run: RunDetails
  readonly holds: readonly RunHold[]
  readonly steps: readonly Step[]
}

export const stepKey = (stepIndex: number): string => `step ${stepIndex}`
export const callKey = (stepIndex: number, toolCallId: string): string =>
  `call ${stepIndex} ${toolCallId}`

export const chartOf = (known: Known): Chart => {
  const { run } = known
  const finished = timeOf(run.finishedAt)
  const calls = known.steps.flatMap(callBars)
  const model = modelBars(known)
  const moments = momentsOf([...model, ...calls])
  const marks = marksOf(known, finished)
  const from = Date.parse(run.createdAt)
  const bars = runBars(known, moments)
  const until = Math.max(
    from,
    finished ?? 0,
    ...moments.slice(-1),
    ...momentsOf(bars).slice(-1),
    ...marks.map(({ at }) => at),
  )
  return { from, until, isActive: finished === undefined, run: bars, model, calls, marks }
}

const timeOf = (time: string | null | undefined): number | undefined =>
  time == null ? undefined : Date.parse(time)

const momentsOf = (extents: readonly Extent[]): number[] =>
  extents
    .flatMap(({ from, to }) => (to === undefined ? [from] : [from, to]))
    .toSorted((one, other) => one - other)

/** Who had the run in hand, and what it waited for when nobody had. */
const runBars = ({ run, holds, steps }: Known, moments: readonly number[]): RunBar[] => {
  const end = timeOf(run.finishedAt)
  const bars: RunBar[] = []
  const workers = [...new Set(holds.map(({ worker }) => worker))]
  const add = (state: RunBar['state'], from: number, to: number | undefined, hold?: RunHold) => {
    if (to !== undefined && to <= from && state !== 'held') return
    const worker = hold?.worker
    const workerIndex = worker === undefined ? undefined : workers.indexOf(worker)
    bars.push({ kind: 'run', key: `run ${bars.length}`, state, from, to, worker, workerIndex })
  }
  const first = timeOf(holds[0]?.beganAt ?? run.startedAt)
  add('pending', Date.parse(run.createdAt), first ?? end)
  if (holds.length === 0 && first !== undefined) add('held', first, end)
  for (const [index, hold] of holds.entries()) {
    const from = Date.parse(hold.beganAt)
    const next = timeOf(holds[index + 1]?.beganAt) ?? end
    const to = timeOf(hold.endedAt) ?? end
    if (hold.end === 'lost') {
      const heard = moments.findLast((at) => at >= from && to !== undefined && at < to) ?? from
      add('held', from, heard, hold)
      add('lost', heard, next, hold)
    } else {
      add('held', from, to, hold)
      if (to === undefined || hold.end === 'settled') continue
      const decided = hold.end === 'waiting' ? answeredAt({ run, steps }, to, next) : to
      add('waiting', to, decided)
      if (decided !== undefined) add('queued', decided, next)
    }
  }
  return bars
}

/** When the last answer came that the run waited for; undefined while it waits. */
const answeredAt = (
  { run, steps }: Pick<Known, 'run' | 'steps'>,
  from: number,
  to: number | undefined,
): number | undefined => {
  if (run.status === 'waiting' && to === undefined) return undefined
  const answers = decisionsOf(steps).filter((at) => at >= from && at <= (to ?? at))
  return answers.length > 0 ? Math.max(...answers) : to
}

const decisionsOf = (steps: readonly Step[]): number[] =>
  steps
    .flatMap(({ calls }) => calls.map(({ decidedAt }) => timeOf(decidedAt)))
    .filter((at) => at !== undefined)

const modelBars = ({ run, holds, steps }: Known): ModelBar[] => {
  const bars: ModelBar[] = []
  let last = Date.parse(run.startedAt ?? run.createdAt)
  for (const step of steps) {
    bars.push(...brokenBars(step))
    const from = timeOf(step.startedAt) ?? last
    const to = Math.max(from, timeOf(step.finishedAt) ?? from)
    bars.push({
      kind: 'model',
      key: stepKey(step.stepIndex),
      stepIndex: step.stepIndex,
      state: step.finishReason === 'interrupted' ? 'interrupted' : 'answered',
      from,
      to,
      firstChunkAt: timeOf(step.firstChunkAt),
      error: undefined,
    })
    last = Math.max(to, ...step.calls.map(({ finishedAt }) => timeOf(finishedAt) ?? to))
  }
  const hold = holds.at(-1)
  const isOpen = steps.at(-1)?.calls.some(({ finishedAt }) => finishedAt === null) ?? false
  if (run.status !== 'running' || isOpen || hold?.end != null) return bars
  const stepIndex = (steps.at(-1)?.stepIndex ?? -1) + 1
  const from = Math.max(last, timeOf(hold?.beganAt) ?? last)
  return [
    ...bars,
    {
      kind: 'model',
      key: stepKey(stepIndex),
      stepIndex,
      state: 'answering',
      from,
      to: undefined,
      firstChunkAt: undefined,
      error: undefined,
    },
  ]
}

const brokenBars = ({ stepIndex, brokenAttempts = [] }: Step): ModelBar[] =>
  brokenAttempts.map(({ startedAt, endedAt, error }, index) => ({
    kind: 'model',
    key: `${stepKey(stepIndex)} broken ${index}`,
    stepIndex,
    state: 'broken',
    from: Date.parse(startedAt),
    to: Math.max(Date.parse(startedAt), Date.parse(endedAt)),
    firstChunkAt: undefined,
    error,
  }))

const callBars = ({ stepIndex, finishedAt: asked, calls }: Step): CallBar[] =>
  calls.map((call) => {
    const started = Date.parse(call.startedAt)
    const decided = timeOf(call.decidedAt)
    // When it is executed the ledger forgets when it was asked for: with the end of its model call.
    const from = decided === undefined ? started : Math.min(started, timeOf(asked) ?? started)
    const to = timeOf(call.finishedAt)
    return {
      kind: 'call',
      key: callKey(stepIndex, call.toolCallId),
      stepIndex,
      toolCallId: call.toolCallId,
      toolName: call.toolName,
      state: call.status,
      from,
      to: to === undefined ? undefined : Math.max(from, to),
      waitedUntil: decided,
    }
  })

const marksOf = ({ run, steps }: Known, finished: number | undefined): Mark[] => {
  const all = [
    { kind: 'stop', at: timeOf(run.stopRequestedAt) },
    // Several are decided at once.
    ...[...new Set(decisionsOf(steps))].map((at) => ({ kind: 'decided', at }) as const),
    { kind: 'end', at: finished },
  ] as const
  return all.flatMap(({ kind, at }) => (at === undefined ? [] : [{ kind, at }]))
}
