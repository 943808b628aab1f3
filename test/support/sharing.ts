/** Bus and chunk log of several processes, in one process: each has connections of its own to one database. */
import { randomUUID } from 'node:crypto'
import { createShared, type Shared } from '../../src/queue/shared.ts'
import { DEFAULT_SCHEMA } from '../../src/store/database.ts'
import { createNotices } from '../../src/store/notices.ts'
import { createRunTails } from '../../src/store/run-tails.ts'
import { openPostgres, type PostgresDatabase } from '../conformance/databases.ts'

export type Member = Shared & { readonly errors: readonly Error[] }

export type Sharing = AsyncDisposable & {
  readonly database: PostgresDatabase
  /** @param url - where it listens; unless given, at the database */
  join(url?: string): Promise<Member>
}

export const startSharing = async (): Promise<Sharing> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openPostgres())
  const join = async (url = database.url): Promise<Member> => {
    const db = await database.connect()
    const errors: Error[] = []
    const onError = (error: Error) => void errors.push(error)
    const name = randomUUID()
    const shared = createShared({
      name,
      tails: createRunTails(db, DEFAULT_SCHEMA),
      wire: createNotices(db, { name, schema: DEFAULT_SCHEMA, url, onError }),
      onError,
    })
    disposables.use(shared)
    return { ...shared, errors, [Symbol.asyncDispose]: () => shared[Symbol.asyncDispose]() }
  }
  const disposables = stack.move()
  return { database, join, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}
