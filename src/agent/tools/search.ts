/** Plain-text search below a folder: bounded in files, bytes and matches, in the same order every time. */
import { ToolFailedError } from '../../domain/errors.ts'
import type { Folder, Place } from './folder.ts'
import { readText } from './text-file.ts'
import { walk } from './walk.ts'

const MAX_FILES = 2_000
const MAX_FILE_BYTES = 1024 * 1024
const MAX_MATCHES = 200
const MAX_LINE = 240

export type SearchMatch = { path: string; line: number; text: string }

export type SearchResult = {
  query: string
  path: string
  matches: SearchMatch[]
  filesSearched: number
  truncated: boolean
  note?: string
}

/** Searches one file, or all files below a folder; a file that cannot be read is named in the note. */
export const searchFolder = async ({
  folder,
  place,
  query,
  signal,
}: {
  folder: Folder
  place: Place
  query: string
  signal: AbortSignal | undefined
}): Promise<SearchResult> => {
  const wanted = query.toLowerCase()
  if (wanted.trim() === '') throw new ToolFailedError('The text to search for is empty.')
  const matches: SearchMatch[] = []
  const notes = new Set<string>()
  let filesSearched = 0
  let isCutShort = false
  const skipped = (): unknown => notes.add('Some files or folders could not be read.')
  for await (const file of filesOf({ folder, place, signal, skipped })) {
    if (filesSearched === MAX_FILES) {
      isCutShort = true
      notes.add(`Only the first ${MAX_FILES} files were searched.`)
      break
    }
    filesSearched += 1
    const content = await readUnlessGone(folder, file)
    if (content === undefined) skipped()
    if (content === undefined || content.isBinary) continue
    if (content.isCut) notes.add('Of files above 1 MB only the first 1 MB was searched.')
    matches.push(...matchesIn(file.name, content.text, wanted, MAX_MATCHES + 1 - matches.length))
    if (matches.length > MAX_MATCHES) {
      isCutShort = true
      notes.add(`Only the first ${MAX_MATCHES} matches are shown.`)
      break
    }
  }
  return {
    query,
    path: place.name,
    matches: matches.slice(0, MAX_MATCHES),
    filesSearched,
    truncated: isCutShort,
    ...(notes.size > 0 && { note: [...notes].join(' ') }),
  }
}

async function* filesOf(
  options: Parameters<typeof walk>[0],
): AsyncGenerator<Place, void, undefined> {
  if (!(await options.folder.isFolder(options.place))) return yield options.place
  for await (const entry of walk(options)) if (entry.type === 'file') yield entry
}

const readUnlessGone = async (folder: Folder, file: Place) => {
  try {
    return await readText(folder, file, MAX_FILE_BYTES)
  } catch (error) {
    if (error instanceof ToolFailedError) return undefined
    throw error
  }
}

const matchesIn = (path: string, text: string, wanted: string, room: number): SearchMatch[] => {
  if (!text.toLowerCase().includes(wanted)) return []
  const found: SearchMatch[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const at = line.toLowerCase().indexOf(wanted)
    if (at < 0) continue
    found.push({ path, line: index + 1, text: excerpt(line, at) })
    if (found.length === room) break
  }
  return found
}

/** The line, or its part around the match. */
const excerpt = (line: string, at: number): string => {
  if (line.length <= MAX_LINE) return line.trim()
  const start = Math.max(0, at - MAX_LINE / 4)
  const end = start + MAX_LINE
  return `${start > 0 ? '…' : ''}${line.slice(start, end).toWellFormed()}${end < line.length ? '…' : ''}`
}
