/** Persisting is append-only: what a run writes to the log of the database grows with its content, not with its square. */
import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Lease } from '../../src/domain/run.ts'
import { openDatabase, type OutlastDatabase } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { portsOn } from '../conformance/sql-stores.ts'
import { callOf, endOf, heldRun, somebody, stepOf } from '../conformance/stores.ts'
import { startEmbeddedPostgres } from '../support/embedded-postgres.ts'

const STEPS = 40
const OUTPUT_BYTES = 100_000

/** A server of its own: the log belongs to a server, and others write to the shared one. */
const withServer = async (act: (db: OutlastDatabase) => Promise<void>): Promise<void> => {
  const server = await startEmbeddedPostgres()
  try {
    const db = await openDatabase({ url: server.url })
    try {
      await migrate(db)
      await act(db)
    } finally {
      await db.destroy()
    }
  } finally {
    await server.stop()
  }
}

const walPosition = async (db: OutlastDatabase): Promise<number> => {
  const { rows } = await sql<{ bytes: number }>`
    select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 as bytes`.execute(db)
  return rows[0]!.bytes
}

test('a run of 40 steps with 100 KB tool outputs writes less than 3 times its content to WAL', async () => {
  await withServer(async (db) => {
    const ports = portsOn(db)
    const stores = { ...ports, [Symbol.asyncDispose]: () => Promise.resolve() }
    const { lease } = await heldRun(stores, await somebody(stores))
    await sql`checkpoint`.execute(db)
    const before = await walPosition(db)
    let content = 0
    for (let index = 0; index < STEPS; index += 1) content += await writeStep(ports, lease, index)
    await ports.runs.settle(
      lease,
      { outcome: { status: 'succeeded' }, calls: [] },
      (_run, { calls }) =>
        calls.map(({ toolName, toolCallId, input, output }) => ({
          type: `tool-${toolName}`,
          toolCallId,
          state: 'output-available',
          input,
          output,
        })),
    )
    const written = (await walPosition(db)) - before
    expect(content).toBeGreaterThan(STEPS * OUTPUT_BYTES)
    expect(written).toBeGreaterThan(content)
    expect(written / content).toBeLessThan(3)
  })
})

/** @returns the bytes of what the step says and of what its tool gave */
const writeStep = async (
  { journal }: ReturnType<typeof portsOn>,
  lease: Lease,
  stepIndex: number,
): Promise<number> => {
  const step = stepOf(lease, stepIndex)
  // No run of bytes comes twice, so the database cannot make it smaller.
  const output = randomBytes((OUTPUT_BYTES / 4) * 3).toString('base64')
  await journal.appendStep(lease, step)
  await journal.startCall(lease, callOf(lease, { stepIndex }))
  await journal.endCall(lease, stepIndex, 'call-1', endOf({ output, data: [] }))
  return Buffer.byteLength(JSON.stringify(step.parts)) + Buffer.byteLength(output)
}
