/** A data folder has one holder: the kernel keeps the lock while that process lives and drops it when it dies. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ConfigError, DataFolderLockedError } from '../domain/errors.ts'

const LOCK_FILE = 'lock.sqlite'
const HOLDER_FILE = 'holder.pid'
const MARKER_FILE = 'outlast-data.txt'
const MARKER_TEXT = `Outlast keeps its database in this folder.
Do not change anything here, and copy it only while no process uses it.
`
/** What may lie in a folder without our marker and still count as empty. */
const HARMLESS = new Set([
  LOCK_FILE,
  `${LOCK_FILE}-journal`,
  HOLDER_FILE,
  'lost+found',
  '.DS_Store',
  '.gitignore',
  '.gitkeep',
])

const SQLITE_BUSY = 5
/** Contenders block each other for moments while they take turns; a holder never lets go within this time. */
const CONTENTION_MS = 500

/** The right to use a data folder, until it is released or the process ends. */
export type DataFolderLock = Disposable & {
  /** Absolute path of the folder. */
  readonly dir: string
  /** That the folder has been removed or replaced, once it has: whatever is written then is lost. */
  loss(): ConfigError | undefined
  release(): void
}

/** Locks that this process holds: the garbage collector must not close one. */
const held = new Set<DataFolderLock>()

/**
 * Takes a data folder for this process, making it if needed. Throws `DataFolderLockedError` when somebody has it, this
 * process included, and `ConfigError` when it cannot be our folder.
 */
export function lockDataFolder(folder: string): DataFolderLock {
  const dir = resolve(folder)
  prepare(dir)
  const database = acquire(dir)
  try {
    writeFileSync(join(dir, MARKER_FILE), MARKER_TEXT)
    writeFileSync(join(dir, HOLDER_FILE), `${process.pid}\n`)
  } catch (error) {
    database.close()
    throw unusable(dir, error)
  }
  const lockFile = join(dir, LOCK_FILE)
  const inode = inodeOf(lockFile)
  const isThere = () => inodeOf(lockFile) === inode
  const loss = (): ConfigError | undefined => {
    if (isThere()) return undefined
    return new ConfigError(
      `The data folder ${dir} was removed or replaced while this process used it, so nothing more is kept. ` +
        'Restart the process. If the folder was only moved, put it back first.',
    )
  }
  const release = (): void => {
    if (!held.delete(lock)) return
    try {
      // Another process may hold what lies there now.
      if (isThere()) rmSync(join(dir, HOLDER_FILE), { force: true })
    } finally {
      database.close()
    }
  }
  const lock: DataFolderLock = { dir, loss, release, [Symbol.dispose]: release }
  held.add(lock)
  return lock
}

/** INVARIANT: nothing is written into a folder that holds something and is not marked as ours. */
function prepare(dir: string): void {
  let entries: string[]
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    entries = readdirSync(dir)
  } catch (error) {
    throw unusable(dir, error)
  }
  if (entries.includes(MARKER_FILE)) return
  const foreign = entries.find((entry) => !HARMLESS.has(entry))
  if (foreign === undefined) return
  throw new ConfigError(
    `The data folder ${dir} holds something that is not Outlast's (${foreign}). ` +
      'Set OUTLAST_DATA_DIR to a folder that is empty or does not exist yet.',
  )
}

/**
 * SQLite's exclusive transaction is a lock of the kernel on the file. The file stays empty: with the journal off there is
 * nothing that a killed process could leave behind.
 */
function acquire(dir: string): DatabaseSync {
  // Loaded here, so that only those who use a data folder load an experimental module.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(dir, LOCK_FILE), { timeout: CONTENTION_MS })
    database.exec('PRAGMA journal_mode = OFF')
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    throw isBusy(error) ? lockedBy(dir) : unusable(dir, error)
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY
}

function lockedBy(dir: string): DataFolderLockedError {
  const pid = readHolder(dir)
  const holder =
    pid === undefined
      ? 'another process'
      : pid === process.pid
        ? `this process (${pid})`
        : `process ${pid}`
  return new DataFolderLockedError(
    `The data folder ${dir} is in use by ${holder}. Stop that process, ` +
      'set OUTLAST_DATA_DIR to another folder, or set DATABASE_URL to share one PostgreSQL.',
  )
}

/** For the message only: the lock is the kernel's, not this file's. */
function readHolder(dir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(dir, HOLDER_FILE), 'utf8'), 10)
    return Number.isSafeInteger(pid) ? pid : undefined
  } catch {
    return undefined // the holder has not written it yet
  }
}

function unusable(dir: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error)
  return new ConfigError(
    `The data folder ${dir} cannot be used: ${reason}. Set OUTLAST_DATA_DIR to a folder that this process can write to.`,
    { cause: error },
  )
}
