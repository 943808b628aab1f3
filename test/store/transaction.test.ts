import { expect, it } from 'vitest'
import type { OutlastDatabase } from '../../src/store/database.ts'
import { transact } from '../../src/store/transaction.ts'
import { openPostgres } from '../conformance/databases.ts'
import { createBarrier } from '../support/barrier.ts'

it('a transaction that waits for one that waits for it is done again, and both are done', async () => {
  await using database = await openPostgres()
  const { db } = database
  await db
    .insertInto('workspaces')
    .values([
      { id: 'a', name: 'a' },
      { id: 'b', name: 'b' },
    ])
    .execute()
  const append = async (trx: OutlastDatabase, id: string, what: string) => {
    const before = await trx
      .selectFrom('workspaces')
      .select('name')
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirstOrThrow()
    const name = before.name + what
    await trx.updateTable('workspaces').set({ name }).where('id', '=', id).execute()
  }
  const [one, two] = [createBarrier(), createBarrier()]
  let tries = 0
  const crossing = (first: string, second: string, own: typeof one, other: typeof one) =>
    transact(db, async (trx) => {
      tries += 1
      await append(trx, first, '!')
      own.release()
      await other.promise
      await append(trx, second, '?')
    })
  await Promise.all([crossing('a', 'b', one, two), crossing('b', 'a', two, one)])
  expect(tries).toBe(3)
  const rows = await db.selectFrom('workspaces').select('name').orderBy('id').execute()
  expect(rows.map(({ name }) => [...name].toSorted().join(''))).toEqual(['!?a', '!?b'])
})
