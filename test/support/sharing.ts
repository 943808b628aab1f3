/** Bus and chunk log of several processes, in one process: each has connections of its own to one database. */
import { randomUUID } from 'node:crypto'
import { createFallback } from '../../src/queue/fallback/fallback.ts'
import { readRedisAddress } from '../../src/queue/redis/connection.ts'
import { openRedisWay } from '../../src/queue/redis/redis.ts'
import { createShared, type Shared } from '../../src/queue/shared.ts'
import { DEFAULT_SCHEMA } from '../../src/store/database.ts'
import { createNotices } from '../../src/store/notices.ts'
import { createRunTails } from '../../src/store/run-tails.ts'
import { openPostgres, type PostgresDatabase } from '../conformance/databases.ts'

export type Member = Shared & {
  readonly name: string
  readonly errors: readonly Error[]
  /** Whether it had Redis, from the beginning until now. */
  readonly changes: readonly boolean[]
}

export type Sharing = AsyncDisposable & {
  readonly database: PostgresDatabase
  /**
   * @param url - where it listens; unless given, at the database
   * @param redis - the Redis that it has beside PostgreSQL
   */
  join(options?: { readonly url?: string; readonly redis?: string }): Promise<Member>
}

export const startSharing = async (): Promise<Sharing> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await openPostgres())
  const join: Sharing['join'] = async ({ url = database.url, redis } = {}) => {
    const db = await database.connect()
    const errors: Error[] = []
    const changes: boolean[] = []
    const onError = (error: Error) => void errors.push(error)
    const name = randomUUID()
    const postgres = {
      tails: createRunTails(db, DEFAULT_SCHEMA),
      wire: createNotices(db, { name, schema: DEFAULT_SCHEMA, url, onError }),
    }
    const fallback =
      redis &&
      createFallback({
        name,
        openFast: (onTrouble) =>
          openRedisWay({ address: readRedisAddress({ url: redis }), name, onError: onTrouble }),
        slow: postgres,
        onError,
        onChange: (isAvailable) => void changes.push(isAvailable),
      })
    if (fallback) disposables.use(fallback)
    const shared = createShared({ name, ...(fallback || postgres), onError })
    disposables.use(shared)
    const dispose = () => shared[Symbol.asyncDispose]()
    return { ...shared, name, errors, changes, [Symbol.asyncDispose]: dispose }
  }
  const disposables = stack.move()
  return { database, join, [Symbol.asyncDispose]: () => disposables.disposeAsync() }
}
