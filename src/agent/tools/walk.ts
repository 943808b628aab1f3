/** Visits the files below a folder in a fixed order, without links, hidden names and installed packages. */
import { ToolFailedError } from '../../domain/errors.ts'
import type { Entry, Folder, Place } from './folder.ts'

// Empty folders count against no other limit.
const MAX_FOLDERS = 10_000

/** Depth first, each folder sorted by name; a folder comes before what it holds. `skipped` is told of the unreadable. */
export async function* walk({
  folder,
  place,
  signal,
  skipped,
}: {
  folder: Folder
  place: Place
  signal: AbortSignal | undefined
  skipped: (name: string) => void
}): AsyncGenerator<Entry, void, undefined> {
  const pending = (await folder.entries(place)).toReversed()
  let folders = 0
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    signal?.throwIfAborted()
    yield entry
    if (entry.type !== 'folder' || isInstalled(entry)) continue
    folders += 1
    if (folders > MAX_FOLDERS) return skipped(entry.name)
    pending.push(...(await entriesUnless(folder, entry, skipped)).toReversed())
  }
}

const isInstalled = ({ name }: Entry): boolean => /(^|\/)node_modules$/.test(name)

const entriesUnless = async (
  folder: Folder,
  entry: Entry,
  skipped: (name: string) => void,
): Promise<Entry[]> => {
  try {
    return await folder.entries(entry)
  } catch (error) {
    if (!(error instanceof ToolFailedError)) throw error
    skipped(entry.name)
    return []
  }
}
