/** Finds a PostgreSQL server for the tests, or starts one of its own; a run without any fails with one sentence. */
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { findPostgres } from './find-postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a database whose user may create databases. */
    postgresUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = await findPostgres()
  if (found !== undefined) {
    project.provide('postgresUrl', found)
    return async () => {}
  }
  const started = await startEmbeddedPostgres().catch((cause: unknown) => {
    throw new Error(
      'The tests need PostgreSQL 15 or newer: set TEST_DATABASE_URL, or let one listen on 127.0.0.1:5432 with trust; starting the embedded one failed.',
      { cause },
    )
  })
  project.provide('postgresUrl', started.url)
  return () => started.stop()
}
