/** Finds PostgreSQL and Redis for the tests, or starts servers of its own; what is not there is said in one sentence. */
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { findPostgres } from './find-postgres.ts'
import { NO_BINARY, NO_REDIS } from './needs-redis.ts'
import { createDatabase } from './postgres.ts'
import { findRedis, findRedisBinary, startRedis } from './redis.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a database whose user may create databases. */
    postgresUrl: string
    /** Name of a database with our tables, which nobody is connected to. */
    migratedDatabase: string
    /** URL of a Redis that all tests share; undefined where there is none. */
    redisUrl: string | undefined
    /** Whether tests can start a Redis of their own. */
    redisStarts: boolean
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack()
  const postgresUrl = (await findPostgres()) ?? (await ownPostgres(stack))
  project.provide('postgresUrl', postgresUrl)
  const migrated = stack.use(await createDatabase(postgresUrl, 'template0'))
  {
    await using db = await openDatabase({ url: migrated.url })
    await migrate(db)
  }
  project.provide('migratedDatabase', migrated.name)
  const redisStarts = findRedisBinary() !== undefined
  const redisUrl = (await findRedis()) ?? (redisStarts ? await ownRedis(stack) : undefined)
  project.provide('redisStarts', redisStarts)
  project.provide('redisUrl', redisUrl)
  if (redisUrl === undefined) missing(NO_REDIS)
  else if (!redisStarts) missing(NO_BINARY)
  const opened = stack.move()
  return () => opened.disposeAsync()
}

const ownPostgres = async (stack: AsyncDisposableStack): Promise<string> => {
  const started = await startEmbeddedPostgres().catch((cause: unknown) => {
    throw new Error(
      'The tests need PostgreSQL 15 or newer: set TEST_DATABASE_URL, or let one listen on 127.0.0.1:5432 with trust; starting the embedded one failed.',
      { cause },
    )
  })
  stack.defer(() => started.stop())
  return started.url
}

const ownRedis = async (stack: AsyncDisposableStack): Promise<string> =>
  stack.use(await startRedis()).url

/** A build server runs everything or fails; a person may do without. */
const missing = (reason: string): void => {
  if (process.env['CI']) throw new Error(reason)
  console.warn(reason)
}
