/** The model is asked for each step until it has answered once, in order, and again only when there is a reason. */
import type { ModelCall } from '../adapter.ts'
import { faultsWithin, type SeenRun, type Sight, type Violation } from './sight.ts'
import { textOf } from '../script.ts'

export const checkCalls = (sight: Sight): Violation[] =>
  sight.runs.flatMap((run) => [
    ...inOrder(run),
    ...notAfterTheEnd(run),
    ...againWithReason(sight, run),
    ...whatWasSaid(run),
  ])

const inOrder = ({ calls, name }: SeenRun): Violation[] => {
  let highest = -1
  const violations: Violation[] = []
  for (const { step, asked, process } of calls) {
    if (step < highest) {
      const detail = `Process ${process} asked for step ${step} (as ${asked}) after step ${highest} had begun.`
      violations.push({ rule: 'a journaled model call is never made again', run: name, detail })
    } else if (step > highest + 1) {
      const detail = `Step ${step} (as ${asked}) was asked for after step ${highest}.`
      violations.push({ rule: 'no step is left out', run: name, detail })
    }
    highest = Math.max(highest, step)
  }
  return violations
}

const notAfterTheEnd = ({ calls, name, state }: SeenRun): Violation[] => {
  const end = state?.finishedAt ?? Number.POSITIVE_INFINITY
  return calls
    .filter(({ at }) => at > end)
    .map(({ step, process, at }) => ({
      rule: 'a settled run asks nothing',
      run: name,
      detail: `Process ${process} asked for step ${step}, ${at - end} ms after the run had settled.`,
    }))
}

/** Somebody who asks again has taken over: from a process that had a fault, never from a healthy one. */
const againWithReason = ({ history }: Sight, { calls, name }: SeenRun): Violation[] => {
  const { leaseMs } = history.profile
  const unexplained = ([before, next]: readonly [ModelCall, ModelCall]) =>
    before.step === next.step &&
    faultsWithin(history, {
      from: before.at - leaseMs,
      to: next.at,
      process: before.process,
    }).length === 0
  return calls
    .slice(1)
    .map((next, n) => [calls[n]!, next] as const)
    .filter(unexplained)
    .map(([before, next]) => ({
      rule: 'nothing is taken from a healthy process',
      run: name,
      detail: `Step ${next.step} was asked for by process ${before.process} and then by process ${next.process}, and the first had no fault.`,
    }))
}

/** What is persisted is what the model said when it was asked last; what it said before is void. */
const whatWasSaid = ({ calls, name, state, record }: SeenRun): Violation[] => {
  if (state?.status !== 'succeeded') return []
  const last = Map.groupBy(calls, ({ step }) => step)
  const expected = record.script.steps.map((_, step) =>
    textOf(record.script, step, last.get(step)?.at(-1)?.asked ?? -1),
  )
  const said = state.said
  const wrong = expected.findIndex((text, step) => text !== said[step])
  if (wrong < 0 && said.length === expected.length) return []
  const step = wrong < 0 ? expected.length : wrong
  const detail = `The answer says ${JSON.stringify(said[step])} in step ${step}, and the model said ${JSON.stringify(expected[step])} last.`
  return [{ rule: 'the last answer of the model counts', run: name, detail }]
}
