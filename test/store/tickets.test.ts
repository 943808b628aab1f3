/** Tickets are kept as hashes, end by the database's clock, and let one request in. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_TICKETS } from '../../src/domain/ticket.ts'
import { createPrincipals } from '../../src/store/principals.ts'
import { createTickets, type Tickets } from '../../src/store/tickets.ts'
import { DATABASES, type MigratedDatabase } from '../conformance/databases.ts'

describe.each(DATABASES)('tickets on %s', (_name, open) => {
  let database: MigratedDatabase
  let tickets: Tickets
  beforeAll(async () => {
    database = await open()
    tickets = createTickets(database.db)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const someUser = async (userId: string) => {
    const user = { workspaceId: 'acme', userId }
    await createPrincipals(database.db).ensure(user)
    return user
  }
  const rowsOf = (userId: string) =>
    database.db.selectFrom('tickets').selectAll().where('userId', '=', userId).execute()
  const expire = (userId: string) =>
    database.db
      .updateTable('tickets')
      .set({ expiresAt: sql<Date>`now()` })
      .where('userId', '=', userId)
      .execute()

  test('name their user once', async () => {
    const ann = await someUser('ann')
    const { ticket } = await tickets.issue(ann)
    expect(ticket).toMatch(/^olt_[A-Za-z0-9_-]{43}$/)
    expect(await tickets.redeem(ticket)).toEqual(ann)
    expect(await tickets.redeem(ticket)).toBeUndefined()
    expect(await rowsOf('ann')).toEqual([])
  })

  test('let one of many in that come at the same moment', async () => {
    const bob = await someUser('bob')
    const { ticket } = await tickets.issue(bob)
    const redeemed = await Promise.all(Array.from({ length: 10 }, () => tickets.redeem(ticket)))
    expect(redeemed.filter((one) => one !== undefined)).toEqual([bob])
  })

  test('are nowhere in the database, only their hashes', async () => {
    const { ticket } = await tickets.issue(await someUser('hidden'))
    const row = JSON.stringify(await rowsOf('hidden'))
    expect(row).not.toContain(ticket.slice(4))
    expect(row).toMatch(/"ticketHash":"[0-9a-f]{64}"/)
  })

  test('let nobody in that differ in one character, are longer, shorter or a hash', async () => {
    const { ticket } = await tickets.issue(await someUser('near'))
    const [{ ticketHash } = { ticketHash: '' }] = await rowsOf('near')
    const other = ticket.endsWith('A') ? 'B' : 'A'
    for (const text of [ticket.slice(0, -1) + other, `${ticket}A`, ticket.slice(4), ticketHash, ''])
      expect(await tickets.redeem(text), text).toBeUndefined()
    expect(await tickets.redeem(ticket)).toBeDefined()
  })

  test('end 30 seconds later, by the clock of the database', async () => {
    const { ticket, expiresAt } = await tickets.issue(await someUser('late'))
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from ${expiresAt}::timestamptz - now())::float8 as seconds
    `.execute(database.db)
    expect(rows[0]!.seconds).toBeLessThanOrEqual(30)
    const [row] = await rowsOf('late')
    expect(row!.expiresAt).toEqual(expiresAt)
    await expire('late')
    expect(await tickets.redeem(ticket)).toBeUndefined()
  })

  test('that nobody has used go when somebody asks for one', async () => {
    await tickets.issue(await someUser('gone'))
    await expire('gone')
    await tickets.issue(await someUser('another'))
    expect(await rowsOf('gone')).toEqual([])
  })

  test('are as many as a user may have, also of those who ask together', async () => {
    const eager = await someUser('eager')
    const asked = await Promise.allSettled(
      Array.from({ length: MAX_TICKETS + 10 }, () => tickets.issue(eager)),
    )
    const refused = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    expect(refused).toHaveLength(10)
    for (const error of refused) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED' })
      const { retryAfter } = error as { retryAfter: number }
      expect(retryAfter).toBeGreaterThan(0)
      expect(retryAfter).toBeLessThanOrEqual(30)
    }
    await expect(tickets.issue(await someUser('modest'))).resolves.toBeDefined()
    await expire('eager')
    await expect(tickets.issue(eager)).resolves.toBeDefined()
  })

  test('go with their user', async () => {
    const fleeting = { workspaceId: 'fleeting', userId: 'u' }
    await createPrincipals(database.db).ensure(fleeting)
    const { ticket } = await tickets.issue(fleeting)
    await database.db.deleteFrom('workspaces').where('id', '=', 'fleeting').execute()
    expect(await tickets.redeem(ticket)).toBeUndefined()
  })
})
