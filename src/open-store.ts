/** The database of a process, prepared, and what the process says of it: an outage is told once, with its reason, and so is its end. */
import { ConfigError, StoreUnavailableError } from './domain/errors.ts'
import type { EngineEvents } from './engine/ports.ts'
import { openStore, type OpenDatabaseOptions, type Store } from './store/database.ts'
import { createLeases } from './store/leases.ts'
import { isUnavailable, reasonOf } from './store/pg-errors.ts'
import { ReturnWatch } from './store/return-watch.ts'
import type { Log } from './telemetry/log.ts'
import { OutageVoice } from './telemetry/outage-voice.ts'

export type OpenStoreOptions = {
  readonly database?: OpenDatabaseOptions
  readonly log: Log | undefined
  readonly onError: EngineEvents['error']
}

export type OpenedStore = Store & {
  /** For what a call has thrown. */
  readonly onError: EngineEvents['error']
  /** For what has failed in the background, where nothing depends on it. */
  readonly onTrouble: EngineEvents['error']
}

export const openPreparedStore = async (
  { database, log, onError }: OpenStoreOptions,
  prepare: (store: Store) => Promise<unknown>,
): Promise<OpenedStore> => {
  const voice = new OutageVoice<'database'>({
    tell: (error) => onError(error, { during: 'using the database' }),
    back: () => log?.warn({}, 'The database answers again, and everything goes on'),
  })
  // Connections may break while it is opened.
  let explain: Store['explain'] = (error) => error
  const onTrouble: EngineEvents['error'] = (error, context) => {
    if (!isUnavailable(error)) return onError(error, context)
    const cause = error.cause ?? error
    // One connection that breaks says little of the server, so this is told as it was thrown.
    voice.refused(inWords(explain(cause), cause, 'It is tried again.'))
  }
  const store = await openStore({
    onError: (error) => onTrouble(error, { during: 'keeping the database' }),
    ...database,
  })
  explain = store.explain
  const watch = new ReturnWatch(store.db, () => voice.back('database'))
  const close = async () => {
    watch[Symbol.dispose]()
    await store[Symbol.asyncDispose]()
  }
  try {
    await prepare(store)
    // Nobody else can have the folder open, so nobody else executes anything in it.
    if (store.embedded) await createLeases(store.db).expireAll()
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...store,
    onError: (error, context) => {
      if (!(error instanceof StoreUnavailableError)) return onError(error, context)
      const reason = explain(error.cause ?? error)
      voice.away('database', inWords(reason, reason, 'Runs wait for it, and go on by themselves.'))
      watch.failed()
    },
    onTrouble,
    [Symbol.asyncDispose]: close,
  }
}

/** @returns what the operator has to do, where that is known; else the reason, and what becomes of it */
const inWords = (explained: unknown, reason: unknown, meanwhile: string): Error =>
  explained instanceof ConfigError
    ? explained
    : new StoreUnavailableError(`${reasonOf(reason)}. ${meanwhile}`)
