/** A history, sorted by run, with the questions that several checks ask. */
import type { Effect, ModelCall, RunState } from '../adapter.ts'
import type { FaultRecord, History, RunRecord } from '../history.ts'
import { textOf } from '../script.ts'

export type Violation = {
  /** Which invariant. */
  readonly rule: string
  readonly run: string | undefined
  readonly detail: string
}

export type SeenRun = {
  readonly record: RunRecord
  readonly name: string
  /** Everything that the server has for the message. */
  readonly states: readonly RunState[]
  /** The one that there should be. */
  readonly state: RunState | undefined
  /** In the order in which the model was asked, without the belated ones. */
  readonly calls: readonly ModelCall[]
  /** Requests that were on their way when their process was frozen, and arrived when somebody else had the run. */
  readonly belated: readonly ModelCall[]
  readonly effects: readonly Effect[]
  /** Somebody has asked it to stop, or may have. */
  readonly stopAsked: boolean
}

export type Sight = { readonly history: History; readonly runs: readonly SeenRun[] }

export const sightOf = (history: History): Sight => {
  const states = Map.groupBy(history.states, ({ message }) => message)
  const calls = Map.groupBy(history.modelCalls, ({ run }) => run)
  const effects = Map.groupBy(history.effects, ({ run }) => run)
  const runs = history.runs.map((record) => {
    const name = record.script.run
    const own = states.get(record.message) ?? []
    const asked = (calls.get(name) ?? []).toSorted((a, b) => a.asked - b.asked)
    const [state] = own
    const acts = effects.get(name) ?? []
    const belated = belatedCalls(history, record, { calls: asked, effects: acts, state })
    return {
      record,
      name,
      states: own,
      state,
      calls: asked.filter((call) => !belated.includes(call)),
      belated,
      effects: acts,
      stopAsked: record.stops.some(({ answer }) => answer !== 'refused'),
    }
  })
  return { history, runs }
}

/** What a process had on its way when it was frozen arrives so soon after the thaw. */
const BELATED_MS = 500

/**
 * Nobody can take back a request between the last look at the lease and the wire. One for each freeze is excused, if what the
 * model answered to it is nowhere; else it is a request like any other.
 */
const belatedCalls = (
  { faults }: History,
  { script }: RunRecord,
  seen: Pick<SeenRun, 'calls' | 'effects' | 'state'>,
): ModelCall[] =>
  faults.flatMap(({ kind, process, from, to }) => {
    if (kind !== 'freeze') return []
    const { calls, effects, state } = seen
    const late = calls.find(
      (call) => call.process === process && call.at >= to && call.at <= to + BELATED_MS,
    )
    if (!late) return []
    const within = (at: number | undefined) => at !== undefined && at >= from && at < late.at
    const elsewhere =
      within(state?.finishedAt) || calls.some(({ at, pid }) => within(at) && pid !== late.pid)
    const counts =
      effects.some(({ asked }) => asked === late.asked) ||
      state?.said.includes(textOf(script, late.step, late.asked)) === true
    return elsewhere && !counts ? [late] : []
  })

/** Faults that touch a span of time, of one process or of any. */
export const faultsWithin = (
  { faults }: History,
  span: { from: number; to: number; process?: number; kinds?: readonly FaultRecord['kind'][] },
): FaultRecord[] =>
  faults.filter(
    ({ kind, process, from, to }) =>
      from <= span.to &&
      to >= span.from &&
      (span.process === undefined || span.process === process) &&
      (span.kinds === undefined || span.kinds.includes(kind)),
  )

/** Faults that take work away from a process; one that is told to end gives it back in good order. */
export const VIOLENT = ['kill', 'freeze', 'cut', 'stall'] as const

/** When the model was asked last for a step, or for an earlier one; when the message was sent if never. */
export const lastProgress = ({ calls, record }: SeenRun, step: number): number =>
  calls.findLast((call) => call.step < step)?.at ?? record.sentAt ?? 0

/** What happened in a run and around it, for a person who looks for the cause. */
export const story = (
  { history }: Sight,
  { name, calls, belated, effects, state, record }: SeenRun,
) => {
  const at = (ms: number) => `${((ms - history.startedAt) / 1000).toFixed(3)}s`
  const end = state?.finishedAt ?? history.endedAt
  const begin = record.sentAt ?? history.startedAt
  const lines: [number, string][] = [
    ...[...calls, ...belated].map((call): [number, string] => [
      call.at,
      `process ${call.process} (${call.pid}) asks the model for step ${call.step}, as ${call.asked}`,
    ]),
    ...effects.map((effect): [number, string] => [
      effect.at,
      `process ${effect.process} (${effect.pid}) executes ${effect.tool} ${effect.step}/${effect.call} of ${effect.asked}`,
    ]),
    ...record.stops.map((stop): [number, string] => [stop.at, `stop ${stop.answer}`]),
    ...faultsWithin(history, { from: begin - 5000, to: end + 5000 }).flatMap(
      ({ kind, process, from, to }): [number, string][] => [
        [from, `${kind} of process ${process} begins`],
        [to, `${kind} of process ${process} ends`],
      ],
    ),
    ...history.redisFaults
      .filter(({ from, to }) => from <= end + 5000 && to >= begin - 5000)
      .flatMap(({ kind, process, from, to }): [number, string][] => {
        const what = process === undefined ? kind : `${kind} of process ${process}`
        return [
          [from, `${what} begins`],
          [to, `${what} ends`],
        ]
      }),
    [begin, `${name} is sent`],
    [end, `${name} (${state?.run}) is ${state?.status} ${state?.errorCode ?? ''}`],
  ]
  return lines
    .toSorted(([a], [b]) => a - b)
    .map(([ms, line]) => `  ${at(ms)} ${line}`)
    .join('\n')
}
