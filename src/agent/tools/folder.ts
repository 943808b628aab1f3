/** One folder that tools may look into; whatever is read from it is checked by where its name really leads. */
import { constants } from 'node:fs'
import type { Dirent } from 'node:fs'
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { ToolFailedError } from '../../domain/errors.ts'

export type FolderOptions = {
  /** The one folder that the tools see. */
  root: string
  /** Absolute paths inside it that they must not see, such as the data folder. */
  exclude?: readonly string[]
}

/** A name inside the folder, as tools show it, and where it really is. */
export type Place = { name: string; real: string }

export type Entry = Place & { type: 'file' | 'folder' | 'link' | 'other' }

export type Folder = {
  /** Finds a name given by a model; throws a sentence for names outside, hidden or missing. */
  locate(input: string): Promise<Place>
  /** Opens a regular file; the caller closes the handle. */
  open(place: Place): Promise<{ handle: FileHandle; size: number }>
  isFolder(place: Place): Promise<boolean>
  /** What a folder holds, sorted by name, without what is hidden. */
  entries(place: Place): Promise<Entry[]>
}

/** Resolves root and exclusions as they are now; use it for one tool call and drop it. */
export const openFolder = async ({ root, exclude = [] }: FolderOptions): Promise<Folder> => {
  const realRoot = await realpath(root).catch((error: unknown) => {
    throw new ToolFailedError('The folder that file tools may read is missing or not readable.', {
      cause: error,
    })
  })
  const excluded = await Promise.all(exclude.map((item) => realpath(item).catch(() => item)))
  const view: View = { root: path.resolve(root), realRoot, excluded }
  return {
    locate: (input) => locate(view, input),
    open: openPlace,
    entries: (place) => entriesOf(view, place),
    isFolder: async ({ name, real }) => (await lstat(real).catch(refuseToRead(name))).isDirectory(),
  }
}

type View = { root: string; realRoot: string; excluded: readonly string[] }

const locate = async (view: View, input: string): Promise<Place> => {
  if (input.includes('\0')) throw new ToolFailedError('A file name cannot hold a NUL character.')
  const shown = quote(input)
  const target = path.resolve(view.realRoot, relativeTo(view.root, input))
  check(view, shown, target)
  const name = path.relative(view.realRoot, target).replaceAll(path.sep, '/') || '.'
  try {
    const real = await realpath(target)
    check(view, shown, real)
    return { name, real }
  } catch (error) {
    if (error instanceof ToolFailedError) throw error
    const folder = path.dirname(target)
    const parent = await nearestExisting(folder)
    check(view, shown, parent)
    const hint = parent === folder ? await similarName(target) : undefined
    const isShown = hint !== undefined && !isHidden(view, path.join(parent, hint))
    const sentence = missingSentence(error, name, isShown ? hint : undefined)
    throw new ToolFailedError(sentence, { cause: error })
  }
}

const check = (view: View, shown: string, target: string): void => {
  if (!isInside(view.realRoot, target)) {
    throw new ToolFailedError(`${shown} is outside the folder that tools may read.`)
  }
  if (isHidden(view, target)) {
    throw new ToolFailedError(
      `${shown} is hidden from tools: they see no names that begin with a dot and not the data folder.`,
    )
  }
}

const isHidden = ({ realRoot, excluded }: View, real: string): boolean =>
  path
    .relative(realRoot, real)
    .split(path.sep)
    .some((segment) => segment.startsWith('.')) || excluded.some((item) => isInside(item, real))

// INVARIANT: nothing is read through a handle whose path did not lead to the same file after it was open.
const openPlace = async ({ name, real }: Place): Promise<{ handle: FileHandle; size: number }> => {
  const before = await lstat(real).catch(refuseToRead(name))
  if (before.isDirectory()) throw new ToolFailedError(`${quote(name)} is a folder, not a file.`)
  if (!before.isFile()) throw new ToolFailedError(`${quote(name)} is not a regular file.`)
  const handle = await open(real, readFlags).catch(refuseToRead(name))
  try {
    const opened = await handle.stat()
    const isUnmoved = (await realpath(real)) === real && (await isAt(handle, real))
    const after = await lstat(real)
    if (!isUnmoved || after.ino !== opened.ino || after.dev !== opened.dev || !opened.isFile()) {
      throw new ToolFailedError(`${quote(name)} changed while it was being opened.`)
    }
    return { handle, size: opened.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Linux says where an open file is, which no swap of names can fake; elsewhere the path is all there is. */
const isAt = async (handle: FileHandle, real: string): Promise<boolean> => {
  const known = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => real)
  return known === real
}

const entriesOf = async (view: View, { name, real }: Place): Promise<Entry[]> => {
  const found = await readdir(real, { withFileTypes: true }).catch(refuseToRead(name))
  if ((await realpath(real)) !== real) {
    throw new ToolFailedError(`${quote(name)} changed while it was being read.`)
  }
  return found
    .map((entry) => ({
      name: name === '.' ? entry.name : `${name}/${entry.name}`,
      real: path.join(real, entry.name),
      type: typeOf(entry),
    }))
    .filter((entry) => !isHidden(view, entry.real))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** A name as it stands in a sentence; quoted when a reader could not see where it ends. */
export const quote = (name: string): string => {
  const short = name.length > 200 ? `${name.slice(0, 200)}…` : name
  return /^[\w./-]+$/.test(short) ? short : `"${short}"`
}

// A pipe without a writer would block the open, and a link in the last place was resolved already.
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const isInside = (folder: string, target: string): boolean => {
  const relative = path.relative(folder, target)
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}

/** An absolute name counts when it is written with the root as the operator wrote it. */
const relativeTo = (root: string, input: string): string =>
  path.isAbsolute(input) && isInside(root, path.resolve(input))
    ? path.relative(root, path.resolve(input))
    : input

const typeOf = (entry: Dirent): Entry['type'] => {
  if (entry.isSymbolicLink()) return 'link'
  if (entry.isDirectory()) return 'folder'
  return entry.isFile() ? 'file' : 'other'
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

const refuseToRead =
  (name: string) =>
  (error: unknown): never => {
    const reason = codeOf(error) === 'ENOENT' ? 'is no longer there' : 'cannot be read'
    throw new ToolFailedError(`${quote(name)} ${reason}.`, { cause: error })
  }

const missingSentence = (error: unknown, name: string, hint: string | undefined): string => {
  const code = codeOf(error)
  if (code === 'ELOOP') return `${quote(name)} is a link that leads to itself.`
  if (code === 'ENAMETOOLONG') return `${quote(name)} is too long for a file name.`
  if (code !== 'ENOENT' && code !== 'ENOTDIR') return `${quote(name)} cannot be read.`
  const parent = path.posix.dirname(name)
  const where = parent === '.' ? 'the folder that tools may read' : `the folder ${quote(parent)}`
  const missing = `There is no file or folder ${quote(path.posix.basename(name))} in ${where}.`
  return hint ? `${missing} There is ${quote(hint)}.` : missing
}

/** Where the closest existing parent really is: a missing name behind a link must not tell what is outside. */
const nearestExisting = async (target: string): Promise<string> => {
  try {
    return await realpath(target)
  } catch (error) {
    const parent = path.dirname(target)
    if (parent === target) throw error
    return nearestExisting(parent)
  }
}

/** The one neighbour that differs by upper and lower case only. */
const similarName = async (target: string): Promise<string | undefined> => {
  // Only an aid for the reader: a parent that cannot be listed simply gives no hint.
  const neighbours = await readdir(path.dirname(target)).catch((): string[] => [])
  const wanted = path.basename(target).toLowerCase()
  const same = neighbours.filter((item) => item.toLowerCase() === wanted)
  return same.length === 1 ? same[0] : undefined
}
