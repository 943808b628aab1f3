/**
 * Hints between the processes on one database, by NOTIFY. Sending goes through the pool; hearing takes a connection of its own,
 * which is made again whenever it breaks.
 *
 * INVARIANT: nothing depends on a notice, and trouble with them is told, never thrown.
 */
import { sql } from 'kysely'
import pg from 'pg'
import { coerceError, ConfigError } from '../domain/errors.ts'
import type { OutlastDatabase } from './database.ts'
import { giveUpSilence, streamOf } from './postgres.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** A connection that hears nothing for so long is cut off: not even what it asks itself is answered. */
const SILENCE_MS = 10_000
/** Notices may go another way for hours. */
const ASK_MS = 3000
const GOODBYE_MS = 1000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000

export type NoticesOptions = {
  /** Names this process: the channel of what only it has to hear. At most 63 bytes, as names of channels are. */
  readonly name: string
  /** Processes hear those of their schema. */
  readonly schema: string
  /** Where a session can be kept: not a transaction pooler. */
  readonly url: string
  readonly onError: (error: Error) => void
}

export type NoticeListener = {
  readonly hear: (payload: string) => void
  /** Called when it begins to hear, and when it does not any more. */
  readonly changed: (listens: boolean) => void
}

/** To one process, or to all of the schema. */
export type Letter = { readonly to: string | undefined; readonly payload: string }

export const createNotices = (db: OutlastDatabase, options: NoticesOptions) => ({
  send: async (letters: readonly Letter[]): Promise<void> => {
    const channels = letters.map(({ to = options.schema }) => to)
    const payloads = letters.map(({ payload }) => payload)
    await sql`
      select pg_notify(channel, payload)
      from unnest(${channels}::text[], ${payloads}::text[]) as letter (channel, payload)`.execute(
      db,
    )
  },
  listen: (listener: NoticeListener): AsyncDisposable => new Ear(options, listener),
})

class Ear implements AsyncDisposable {
  readonly #options: NoticesOptions
  readonly #listener: NoticeListener
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #asking: NodeJS.Timeout | undefined
  #pauseMs = FIRST_PAUSE_MS
  #listens = false
  #closed = false

  constructor(options: NoticesOptions, listener: NoticeListener) {
    this.#options = options
    this.#listener = listener
    void this.#connect()
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      fallback_application_name: 'outlast listener',
    })
    this.#client = client
    let failure: Error | undefined
    client.on('error', (error) => (failure = error))
    client.on('notification', ({ payload }) => this.#listener.hear(payload ?? ''))
    client.once('end', () => this.#lost(client, failure))
    try {
      await client.connect()
      if (this.#closed) return
      if (await isPooled(client)) return await this.#giveUp(client)
      for (const channel of [this.#options.schema, this.#options.name])
        await client.query(`listen ${pg.escapeIdentifier(channel)}`)
      giveUpSilence(client, SILENCE_MS)
      if (this.#closed || failure) return
      this.#pauseMs = FIRST_PAUSE_MS
      this.#ask(client)
      this.#say(true)
    } catch (thrown) {
      failure ??= coerceError(thrown)
      // A connection that never was says no end.
      await leave(client)
      this.#lost(client, failure)
    }
  }

  #ask(client: pg.Client): void {
    // A connection that breaks says so by its end, whatever becomes of the question.
    const ask = () => void client.query('select').catch(() => undefined)
    this.#asking = setInterval(ask, ASK_MS).unref()
  }

  /** A pooler gives the session to somebody else after each statement. */
  async #giveUp(client: pg.Client): Promise<void> {
    this.#closed = true
    await leave(client)
    this.#options.onError(
      new ConfigError(
        'The database is reached through a pooler, which passes no notifications on: other processes are asked several times a second instead. ' +
          'Set DATABASE_DIRECT_URL to the address of the database itself.',
      ),
    )
  }

  #lost(client: pg.Client, failure: Error | undefined): void {
    if (this.#closed || this.#timer || client !== this.#client) return
    if (this.#listens || this.#pauseMs === FIRST_PAUSE_MS)
      this.#options.onError(failure ?? new ConfigError('The database ended the connection.'))
    clearInterval(this.#asking)
    this.#say(false)
    const wait = this.#pauseMs * (0.75 + Math.random() / 2)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#connect()
    }, wait).unref()
  }

  #say(listens: boolean): void {
    if (this.#listens === listens) return
    this.#listens = listens
    this.#listener.changed(listens)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    clearInterval(this.#asking)
    // A client that is told to end while it connects never says how that went.
    if (this.#client) await leave(this.#client)
  }
}

/** Says goodbye, and waits a little until it is heard. */
const leave = (client: pg.Client): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(() => {
    streamOf(client).destroy()
    resolve()
  }, GOODBYE_MS)
  client.end().then(resolve, resolve)
  return promise.finally(() => clearTimeout(timer))
}

/** A pooler makes up the process id that it tells. */
const isPooled = async (client: pg.Client): Promise<boolean> => {
  const { processID } = client as unknown as { processID: number | null }
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid !== processID
}
