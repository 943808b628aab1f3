/** Tools that look into one folder: list, read, search and count, with limits, and nothing outside it. */
import { tool } from 'ai'
import { z } from 'zod'
import { ToolFailedError } from '../../domain/errors.ts'
import { openFolder, quote } from './folder.ts'
import type { Entry, Folder, FolderOptions, Place } from './folder.ts'
import { idempotent } from '../declare.ts'
import { searchFolder } from './search.ts'
import { countText, readText } from './text-file.ts'
import { walk } from './walk.ts'

const MAX_LISTED = 1_000
const MAX_READ_BYTES = 256 * 1024
const MAX_COUNT_BYTES = 16 * 1024 * 1024
const MAX_COUNTED_FILES = 100_000

const pathOf = (what: string) =>
  z.string().min(1).max(4_096).describe(`${what}, relative to the shared folder, such as docs/a.md`)

const folderPath = pathOf('A folder').default('.')

/** The four file tools of one folder. */
export const createFileTools = (options: FolderOptions) => ({
  listFiles: createListTool(options),
  readFile: createReadTool(options),
  searchFiles: createSearchTool(options),
  countFile: createCountTool(options),
})

const createListTool = (options: FolderOptions) =>
  idempotent(
    tool({
      title: 'List files',
      description: `Lists the files and folders in a folder, at most ${MAX_LISTED}.`,
      inputSchema: z.object({
        path: folderPath,
        recursive: z.boolean().default(false).describe('Also list what the folders inside hold'),
      }),
      execute: async ({ path, recursive }, { abortSignal }) => {
        const folder = await openFolder(options)
        const place = await folder.locate(path)
        if (!(await folder.isFolder(place))) {
          throw new ToolFailedError(`${quote(place.name)} is a file, not a folder.`)
        }
        const found: Entry[] = []
        const unread: string[] = []
        const skipped = (name: string): unknown => unread.push(name)
        const source = recursive
          ? walk({ folder, place, signal: abortSignal, skipped })
          : await folder.entries(place)
        for await (const entry of source) {
          found.push(entry)
          if (found.length > MAX_LISTED) break
        }
        const truncated = found.length > MAX_LISTED
        const notes = [
          ...(truncated ? [`Only the first ${MAX_LISTED} entries are listed.`] : []),
          ...unreadNote(unread),
        ]
        return {
          path: place.name,
          entries: found
            .slice(0, MAX_LISTED)
            .map((entry) => ({ path: nameBelow(place, entry), type: entry.type })),
          truncated,
          ...(notes.length > 0 && { note: notes.join(' ') }),
        }
      },
    }),
  )

const createReadTool = (options: FolderOptions) =>
  idempotent(
    tool({
      title: 'Read file',
      description: 'Reads a text file. Files above 256 KB are cut, with a note saying so.',
      inputSchema: z.object({ path: pathOf('A text file') }),
      execute: async ({ path }) => {
        const folder = await openFolder(options)
        const place = await folder.locate(path)
        const { isBinary, text, size, isCut } = await readText(folder, place, MAX_READ_BYTES)
        if (isBinary)
          throw new ToolFailedError(`${quote(place.name)} is a binary file of ${size} bytes.`)
        return {
          path: place.name,
          bytes: size,
          text,
          truncated: isCut,
          ...(isCut && { note: `Only the first 256 KB of ${size} bytes are shown.` }),
        }
      },
    }),
  )

const createSearchTool = (options: FolderOptions) =>
  idempotent(
    tool({
      title: 'Search in files',
      description:
        'Finds the lines that hold a text, in a file or in all files below a folder. Plain text, upper and lower case are the same.',
      inputSchema: z.object({
        query: z.string().min(1).max(500).describe('The text to find, within one line'),
        path: pathOf('A folder or a file').default('.'),
      }),
      execute: async ({ query, path }, { abortSignal }) => {
        const folder = await openFolder(options)
        return searchFolder({
          folder,
          place: await folder.locate(path),
          query,
          signal: abortSignal,
        })
      },
    }),
  )

const createCountTool = (options: FolderOptions) =>
  idempotent(
    tool({
      title: 'Count',
      description:
        'Counts the lines, words, characters and bytes of a text file, or the files and folders in a folder.',
      inputSchema: z.object({ path: pathOf('A file or a folder').default('.') }),
      execute: async ({ path }, { abortSignal }) => {
        const folder = await openFolder(options)
        const place = await folder.locate(path)
        return (await folder.isFolder(place))
          ? countFolder(folder, place, abortSignal)
          : countOneFile(place, await countText(folder, place, MAX_COUNT_BYTES, abortSignal))
      },
    }),
  )

const countOneFile = (place: Place, count: Awaited<ReturnType<typeof countText>>) => {
  const { isBinary, lines, words, characters, size, isCut } = count
  if (isBinary) return { path: place.name, type: 'binary' as const, bytes: size }
  return {
    path: place.name,
    type: 'file' as const,
    lines,
    words,
    characters,
    bytes: size,
    ...(isCut && { note: 'Only the first 16 MB were counted.' }),
  }
}

const countFolder = async (folder: Folder, place: Place, signal: AbortSignal | undefined) => {
  const isFile = (entry: Entry): boolean => entry.type === 'file'
  const direct = await folder.entries(place)
  const unread: string[] = []
  const skipped = (name: string): unknown => unread.push(name)
  let filesBelow = 0
  for await (const entry of walk({ folder, place, signal, skipped })) {
    if (isFile(entry)) filesBelow += 1
    if (filesBelow === MAX_COUNTED_FILES) break
  }
  const notes = [
    ...(filesBelow === MAX_COUNTED_FILES
      ? [`Counting stopped at ${MAX_COUNTED_FILES} files.`]
      : []),
    ...unreadNote(unread),
  ]
  return {
    path: place.name,
    type: 'folder' as const,
    files: direct.filter(isFile).length,
    folders: direct.filter((entry) => entry.type === 'folder').length,
    filesBelow,
    ...(notes.length > 0 && { note: notes.join(' ') }),
  }
}

const unreadNote = (names: readonly string[]): string[] =>
  names.length === 0 ? [] : [`Not looked into: ${names.slice(0, 5).map(quote).join(', ')}.`]

const nameBelow = (place: Place, entry: Entry): string =>
  place.name === '.' ? entry.name : entry.name.slice(place.name.length + 1)
