/** A tool acts once for each call that the journal has, unless it says that acting twice is acting once. */
import type { Effect, RunState } from '../adapter.ts'
import { faultsWithin, VIOLENT, type SeenRun, type Sight, type Violation } from './sight.ts'

export const checkEffects = (sight: Sight): Violation[] =>
  sight.runs.flatMap((run) => [
    ...eachCall(sight, run),
    ...sameKey(run),
    ...asDecided(run),
    ...recorded(run),
  ])

type Call = NonNullable<RunState['calls']>[number]

const eachCall = (sight: Sight, run: SeenRun): Violation[] =>
  (run.state?.calls ?? []).flatMap((call) => {
    const { tool, agreed } = run.record.script.steps[call.step]?.calls[call.call] ?? {}
    const where = `The call ${call.step}/${call.call} of ${tool}`
    const acts = run.effects.filter(({ step, call: n }) => step === call.step && n === call.call)
    const problem = problemOf(tool === 'idempotent', call.status, acts.length)
    return [
      ...(problem ? [violation(run, problem[0], `${where} ${problem[1]}`)] : []),
      ...(tool === 'guarded' && run.state?.status === 'succeeded'
        ? asAgreed(run, call, agreed === true, where)
        : []),
      ...(call.status === 'unknown' ? unknownWithReason(sight, run, call, where) : []),
    ]
  })

const violation = ({ name }: SeenRun, rule: string, detail: string): Violation => ({
  rule,
  run: name,
  detail,
})

const OPEN: ReadonlySet<Call['status']> = new Set(['asked', 'approved', 'started'])

/** What the person has said is what becomes of the call, whoever goes on with the run. */
const asAgreed = (run: SeenRun, call: Call, agreed: boolean, where: string): Violation[] => {
  if ((call.status === 'denied') !== agreed) return []
  const detail = `${where} is ${call.status}, and the person has ${agreed ? 'agreed' : 'refused'}.`
  return [violation(run, 'a decision is a decision', detail)]
}

const problemOf = (
  idempotent: boolean,
  status: Call['status'],
  acts: number,
): [rule: string, detail: string] | undefined => {
  const said = `is said to be ${status}, and it acted ${acts} times.`
  if (OPEN.has(status)) return ['every call ends', `is still said to be ${status}.`]
  if (status === 'denied' && acts > 0) return ['nothing acts that was denied', said]
  if (status === 'succeeded' && acts === 0) return ['what is reported has happened', said]
  if (status === 'failed' && acts > 0) return ['what is reported has happened', said]
  if (!idempotent && acts > 1) return ['no tool acts twice', said]
  return undefined
}

/** An outcome is lost with the process that saw it, or to a stop; a deploy waits for it. */
const unknownWithReason = (
  { history }: Sight,
  run: SeenRun,
  { step }: Call,
  where: string,
): Violation[] => {
  if (run.stopAsked) return []
  const idempotent = where.endsWith(' idempotent')
  if (idempotent && run.state?.status === 'succeeded')
    return [violation(run, 'what may be repeated is repeated', `${where} is said to be unknown.`)]
  const asked = run.calls.findLast((call) => call.step === step)
  const next = run.calls.find((call) => call.step > step)
  const from = (asked?.at ?? 0) - history.profile.leaseMs
  const to = next?.at ?? run.state?.finishedAt ?? history.endedAt
  if (faultsWithin(history, { from, to, kinds: VIOLENT }).length > 0) return []
  const detail = `${where} is said to be unknown, and no process had a fault in its time.`
  return [violation(run, 'no outcome is lost without a fault', detail)]
}

const keyOf = ({ step, call }: Effect): string => `${step}/${call}`

const sameKey = (run: SeenRun): Violation[] =>
  [...Map.groupBy(run.effects, keyOf)].flatMap(([call, acts]) => {
    const keys = new Set(acts.map(({ key }) => key))
    if (keys.size === 1) return []
    const detail = `The call ${call} was executed with the keys ${[...keys].join(' and ')}.`
    return [violation(run, 'a repeated call has its old key', detail)]
  })

/** A tool may act only on a decision that is journaled, and that is the last one the model made for the step. */
const asDecided = (run: SeenRun): Violation[] =>
  run.effects.flatMap((act) => {
    const last = run.calls.findLast(({ step }) => step === act.step)
    if (last?.asked === act.asked) return []
    const detail = `${act.tool} ${keyOf(act)} was executed for the request ${act.asked}, and the model was asked last as ${last?.asked}.`
    return [violation(run, 'tools act on what is journaled', detail)]
  })

const recorded = (run: SeenRun): Violation[] => {
  const { state, record } = run
  if (!state?.calls) return []
  const known = new Set(state.calls.map(({ step, call }) => `${step}/${call}`))
  const acted = new Set(run.effects.map(keyOf))
  const wanted =
    state.status === 'succeeded'
      ? record.script.steps.flatMap(({ calls }, step) => calls.map((_, call) => `${step}/${call}`))
      : []
  return [...new Set([...acted, ...wanted])]
    .filter((call) => !known.has(call))
    .map((call) =>
      violation(run, 'every act is in the record', `There is no record of the call ${call}.`),
    )
}
