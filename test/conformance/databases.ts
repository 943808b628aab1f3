/** Migrated databases to run a suite on: PGlite in memory and PostgreSQL, each fresh and gone after use. */
import { openDatabase, type OutlastDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createMigratedDatabase } from '../support/postgres.ts'

export type MigratedDatabase = AsyncDisposable & { readonly db: OutlastDatabase }

export const openPglite = async (): Promise<MigratedDatabase> => {
  const db = await openDatabase()
  await migrate(db)
  return { db, [Symbol.asyncDispose]: () => db.destroy() }
}

export type PostgresDatabase = MigratedDatabase & {
  readonly url: string
  /** The same database through connections of its own, as another process has it. */
  connect(): Promise<OutlastDatabase>
}

export const openPostgres = async (): Promise<PostgresDatabase> => {
  const { url, ...database } = await createMigratedDatabase()
  const opened: OutlastDatabase[] = []
  const connect = async () => {
    const db = await openDatabase({ url, maxConnections: 25 })
    opened.push(db)
    return db
  }
  const close = async () => {
    await Promise.all(opened.map((db) => db.destroy()))
    await database[Symbol.asyncDispose]()
  }
  const db = await connect()
  await migrate(db)
  return { db, url, connect, [Symbol.asyncDispose]: close }
}

export const DATABASES: readonly (readonly [string, () => Promise<MigratedDatabase>])[] = [
  ['PGlite', openPglite],
  ['PostgreSQL', openPostgres],
]
