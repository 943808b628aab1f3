/** PGlite behind a node-postgres pool: opened whole or not at all, checkpointed and vacuumed, never starving its process. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { NodeFS } from '@electric-sql/pglite/nodefs'
import { createPgConfig } from '@electric-sql/pglite/node-postgres'
import pg from 'pg'
import { coerceError, ConfigError } from '../domain/errors.ts'
import { lockDataFolder } from './data-folder.ts'
import { findTemplate, unpackTemplate } from './embedded-template.ts'
import { startMaintenance } from './maintenance.ts'
import { outage } from './pg-errors.ts'
import type { ConnectionOptions, Connections } from './postgres.ts'

/** The major version of PostgreSQL that PGlite is. */
export const EMBEDDED_MAJOR = 18

const DATABASE_FOLDER = 'pg'
const UNFINISHED_FOLDER = 'pg.unfinished'

/** Its defaults (128 MB of buffers, up to 1 GB of WAL) are for a machine that has nothing else to do. */
const START_PARAMS = [
  ...PGlite.defaultStartParams,
  ...['-c', 'shared_buffers=16MB'],
  ...['-c', 'min_wal_size=32MB'],
  ...['-c', 'max_wal_size=64MB'],
]

/** The longest that queries may keep timers, sockets and signals of this process waiting. */
const MAX_HOG_MS = 5

export type EmbeddedOptions = ConnectionOptions & {
  /** The database lives in memory when this is undefined. */
  dataDir: string | undefined
}

/**
 * Opens the database of a data folder, which this process then holds, or one in memory. It keeps what it acknowledged when
 * the process is killed; PGlite does not flush to the disk, so a power cut may cost the last seconds.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Connections> {
  const lock = options.dataDir === undefined ? undefined : lockDataFolder(options.dataDir)
  try {
    const pglite = await (lock ? startIn(lock.dir) : startInMemory())
    const pool = new pg.Pool({
      ...createPgConfig(pglite),
      max: 1,
      idleTimeoutMillis: 0,
      types: options.types,
      onConnect: options.onConnect,
    })
    pool.on('error', options.onError)
    const explain = (error: unknown) => lock?.loss() ?? error
    const maintenance = startMaintenance(pool, options.onError)
    const close = async (): Promise<void> => {
      try {
        await maintenance.stop()
        await pool.end()
      } finally {
        await pglite.close().finally(() => lock?.release())
      }
    }
    const connect = fairly(async () => {
      const loss = lock?.loss()
      if (loss) throw outage(loss)
      return pool.connect()
    })
    return { connect, close, explain }
  } catch (error) {
    lock?.release()
    throw error
  }
}

/**
 * PGlite answers in microtasks: without this a loop of queries, or a queue of them, lets no timer, socket or signal through
 * until it ends. The pause is taken with the connection in hand, so that it holds up the whole queue.
 */
function fairly<T>(connect: () => Promise<T>): () => Promise<T> {
  let lastPause = performance.now()
  return async () => {
    const client = await connect()
    if (performance.now() - lastPause > MAX_HOG_MS) {
      await new Promise((resolve) => setImmediate(resolve))
      lastPause = performance.now()
    }
    return client
  }
}

async function startInMemory(): Promise<PGlite> {
  const template = await findTemplate()
  return start(template ? { loadDataDir: template } : {})
}

async function startIn(dir: string): Promise<PGlite> {
  const path = join(dir, DATABASE_FOLDER)
  if (existsSync(path)) assertVersion(dir, path)
  else await makeDatabase(dir, path)
  return start({ fs: new NodeFS(path) }, path)
}

/**
 * It is made under another name and moved when it is complete, so a crash in the middle leaves a folder without a database,
 * not with half of one.
 */
async function makeDatabase(dir: string, path: string): Promise<void> {
  const unfinished = join(dir, UNFINISHED_FOLDER)
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { mode: 0o700 })
  const template = await findTemplate()
  if (template) await unpackTemplate(template, unfinished).catch(refuse(dir))
  else await (await start({ fs: new NodeFS(unfinished) }, unfinished)).close()
  renameSync(unfinished, path)
}

const refuse = (dir: string) => (thrown: unknown) => {
  const cause = coerceError(thrown)
  throw new ConfigError(`The embedded database in ${dir} cannot be made: ${cause.message}`, {
    cause,
  })
}

function assertVersion(dir: string, path: string): void {
  const file = join(path, 'PG_VERSION')
  const major = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'unknown'
  if (major === String(EMBEDDED_MAJOR)) return
  throw new ConfigError(
    `The database in ${dir} was made by the embedded PostgreSQL ${major}, and this version of Outlast embeds ${EMBEDDED_MAJOR}. ` +
      'Use the version of Outlast that made it, or set OUTLAST_DATA_DIR to a new folder.',
  )
}

async function start(options: PGliteOptions, path?: string): Promise<PGlite> {
  const said: string[] = []
  try {
    return await PGlite.create({
      ...options,
      startParams: START_PARAMS,
      onStderr: (line) => {
        if (/FATAL|PANIC|DETAIL|HINT/.test(line)) said.push(line)
        return false
      },
    })
  } catch (error) {
    const cause = coerceError(error)
    const reason = said.length > 0 ? said.join(' ') : cause.message
    const where = path === undefined ? 'in memory' : `in ${path}`
    throw new ConfigError(`The embedded database ${where} does not start: ${reason}`, { cause })
  }
}
