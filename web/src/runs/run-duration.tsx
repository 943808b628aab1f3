/** How long a run has taken, counting while it is active. */
import type { RunDetails } from 'outlast/client'
import { formatDuration } from '../lib/format.ts'
import { useNow } from '../lib/use-now.ts'
import { isActive } from './run-state.tsx'

const SECOND_MS = 1000

export const RunDuration = ({ run }: { readonly run: RunDetails }) => {
  const isCounting = isActive(run)
  const now = useNow(SECOND_MS, isCounting)
  const from = Date.parse(run.createdAt)
  const end = run.finishedAt === null ? undefined : Date.parse(run.finishedAt)
  // The clock of this browser may be behind that of the server.
  return formatDuration(Math.max(0, (end ?? now) - from))
}
