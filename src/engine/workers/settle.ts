/** Settles a held run, whatever its content is: a run that cannot be settled would block its chat for good. */
import { coerceError, isRetryable, LeaseLostError } from '../../domain/errors.ts'
import type { Lease } from '../../domain/run.ts'
import type { Project, RunStore, Settlement } from '../ports.ts'
import { uiParts } from '../tail/ui-parts.ts'
import { viewOf, type RunView } from '../tail/view.ts'

/** The parts of the message of a run as it settled. */
export const projectMessage: Project = (run, { steps, calls }) => uiParts(viewOf(run, steps, calls))

/** @returns the run as it settled. @throws LeaseLostError, and outages */
export const settleRun = async (
  { store, onError }: { store: RunStore; onError: (error: Error) => void },
  lease: Lease,
  settlement: Settlement,
): Promise<RunView> => {
  const settle = async (what: Settlement, withParts: boolean): Promise<RunView> => {
    let view: RunView | undefined
    const run = await store.settle(lease, what, (settled, { steps, calls }) => {
      view = viewOf(settled, steps, calls)
      return withParts ? uiParts(view) : []
    })
    return view ?? viewOf(run, [], [])
  }
  try {
    return await settle(settlement, true)
  } catch (thrown) {
    if (thrown instanceof LeaseLostError || isRetryable(thrown)) throw thrown
    onError(coerceError(thrown))
    return settle(UNSTORABLE, false)
  }
}

/** The message stays empty; what was journaled of the run is still there. */
const UNSTORABLE: Settlement = {
  outcome: {
    status: 'failed',
    code: 'internal_error',
    error: 'The answer could not be stored: the database refuses its content.',
  },
  calls: [],
}
