/** One run for each message; it settles, and how it settled has a reason. */
import {
  faultsWithin,
  lastProgress,
  VIOLENT,
  type SeenRun,
  type Sight,
  type Violation,
} from './sight.ts'

export const checkRuns = (sight: Sight): Violation[] => [
  ...unsent(sight),
  ...sight.runs.flatMap((run) => [...oneRun(run), ...settled(sight, run)]),
]

const unsent = ({ history: { profile, runs } }: Sight): Violation[] => {
  const missing = profile.runs - runs.length
  if (missing <= 0) return []
  const detail = `${missing} messages were not sent: the chats before them stood still.`
  return [{ rule: 'everything goes on', run: undefined, detail }]
}

const oneRun = ({ record, name, states }: SeenRun): Violation[] => {
  const violation = (detail: string) => ({ rule: 'one run for a message', run: name, detail })
  if (record.sentAt === undefined) return [violation('No process took the message.')]
  if (states.length !== 1) return [violation(`There are ${states.length} runs of it.`)]
  const strangers = [...record.ids].filter((id) => id !== states[0]?.run)
  return strangers.map((id) => violation(`It was also said to be the run ${id}.`))
}

const settled = (sight: Sight, run: SeenRun): Violation[] => {
  const { state, name, record, stopAsked } = run
  if (!state) return []
  const violation = (rule: string, detail: string) => [{ rule, run: name, detail }]
  const { status, errorCode } = state
  if (status === 'active')
    return violation('everything settles', 'It is still active long after the last fault.')
  const acknowledged = record.stops.some(({ answer }) => answer === 'acknowledged')
  if (acknowledged && status !== 'aborted')
    return violation('a stop is a stop', `A stop was acknowledged, and it is ${status}.`)
  if (status === 'aborted' && !stopAsked)
    return violation('only a stop aborts', 'It is aborted, and nobody has stopped it.')
  if (status !== 'failed') return []
  if (errorCode !== 'recovery_exhausted')
    return violation('nothing fails by itself', `It failed with ${errorCode}.`)
  return exhausted(sight, run)
}

/** A server may give a run up only after as many faults as it has attempts, since the run got any further. */
const exhausted = ({ history }: Sight, run: SeenRun): Violation[] => {
  const { state, name } = run
  const { attempts, leaseMs } = history.profile
  const from = lastProgress(run, run.calls.at(-1)?.step ?? 0) - leaseMs
  const to = state?.finishedAt ?? history.endedAt
  const faults = faultsWithin(history, { from, to, kinds: VIOLENT })
  if (faults.length >= attempts) return []
  const detail = `It was given up after ${faults.length} faults without progress, and has ${attempts} attempts.`
  return [{ rule: 'nobody gives up early', run: name, detail }]
}
