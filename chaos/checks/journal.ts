/** The journal of a run has no holes, and its units grow. */
import type { SeenRun, Sight, Violation } from './sight.ts'

export const checkJournal = ({ runs }: Sight): Violation[] => runs.flatMap(ofRun)

const ofRun = ({ state, name }: SeenRun): Violation[] => {
  if (!state?.journal) return []
  const { steps, stepCount } = state.journal
  const problems: string[] = []
  if (stepCount !== steps.length)
    problems.push(`It has ${steps.length} steps, and the run says ${stepCount}.`)
  for (const [n, { index, epoch, from, to }] of steps.entries()) {
    const before = steps[n - 1]
    if (index !== n) problems.push(`Step ${index} stands where step ${n} should.`)
    if (to < from) problems.push(`Step ${index} ends at unit ${to} and begins at ${from}.`)
    const grows = !before || epoch > before.epoch || (epoch === before.epoch && from > before.to)
    if (!grows)
      problems.push(`Step ${index} begins at ${epoch}-${from}, before step ${n - 1} ends.`)
  }
  return problems.map((detail) => ({ rule: 'the journal has no holes', run: name, detail }))
}
