/** Processes end when they are told to, and not by themselves; only who is there for it executes runs, and those that exist. */
import { executesRuns } from '../fleet.ts'
import type { Sight, Violation } from './sight.ts'

export const checkFleet = ({ history }: Sight): Violation[] => {
  const known = new Set(history.runs.map(({ script }) => script.run))
  const messages = new Set(history.runs.map(({ message }) => message))
  const strangers = [
    ...history.modelCalls.map(({ run }) => run).filter((run) => !known.has(run)),
    ...history.effects.map(({ run }) => run).filter((run) => !known.has(run)),
    ...history.states.map(({ message }) => message).filter((message) => !messages.has(message)),
  ]
  return [
    ...history.exits.map(({ process, code, at, said }) => ({
      rule: 'no process ends by itself',
      run: undefined,
      detail: `Process ${process} ended with ${code} after ${at - history.startedAt} ms. It said:\n${said}`,
    })),
    ...meddling(history),
    ...[...new Set(strangers)].map((run) => ({
      rule: 'nobody executes what nobody asked for',
      run,
      detail: 'There is no such run.',
    })),
  ]
}

const meddling = ({ profile: { roles }, modelCalls, effects }: Sight['history']): Violation[] =>
  [...modelCalls, ...effects]
    .filter(({ process }) => !executesRuns(roles[process]!))
    .map(({ process, run, step }) => ({
      rule: 'a server executes nothing',
      run,
      detail: `Process ${process} is a server, and it executed step ${step}.`,
    }))
