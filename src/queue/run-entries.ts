/** Entries of one run in memory, which are dense. */
import { comparePoints } from '../domain/position.ts'
import type { LogEntry } from '../engine/ports.ts'

/** The position in the array follows from the number. */
export const entriesAfter = (
  entries: readonly LogEntry[],
  after: { readonly epoch: number; readonly n: number },
): readonly LogEntry[] => {
  const first = entries[0]
  if (!first || comparePoints(first, after) > 0) return entries.slice()
  return entries.slice(after.epoch === first.epoch ? after.n - first.n + 1 : entries.length)
}
