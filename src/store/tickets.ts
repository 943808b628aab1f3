/** Tickets in the database: only their hashes, each gone with its first use. */
import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { RateLimitedError } from '../domain/errors.ts'
import type { Principal } from '../domain/run.ts'
import {
  isTicket,
  MAX_TICKETS,
  TICKET_PREFIX,
  TICKET_SECONDS,
  type NewTicket,
} from '../domain/ticket.ts'
import type { OutlastDatabase } from './database.ts'
import { lockUser } from './keep-file.ts'
import { sayingOutage } from './outage.ts'
import { transact } from './transaction.ts'

/** Those of everybody that one new ticket clears away: more than one, so that they never pile up. */
const REMOVED_AT_ONCE = 100

export type Tickets = {
  /**
   * Makes a ticket for a user who exists. The answer is the only place where `ticket` is ever seen.
   * @throws RateLimitedError when the user has as many unused ones as one may have
   */
  issue(principal: Principal): Promise<NewTicket>
  /** Whose a presented ticket is; undefined when it is none, was used or has expired. It is used up. */
  redeem(ticket: string): Promise<Principal | undefined>
}

export const createTickets = (db: OutlastDatabase): Tickets =>
  sayingOutage<Tickets>({
    issue: (principal) => transact(db, (trx) => issue(trx, principal)),
    redeem: (ticket) => redeem(db, ticket),
  })

async function issue(trx: OutlastDatabase, principal: Principal): Promise<NewTicket> {
  await removeExpired(trx)
  await lockUser(trx, principal).execute()
  await checkRoom(trx, principal)
  const ticket = TICKET_PREFIX + randomBytes(32).toString('base64url')
  const { expiresAt } = await trx
    .insertInto('tickets')
    .values({
      ...principal,
      ticketHash: hash(ticket),
      expiresAt: sql<Date>`now() + ${TICKET_SECONDS} * interval '1 second'`,
    })
    .returning('expiresAt')
    .executeTakeFirstOrThrow()
  return { ticket, expiresAt }
}

async function checkRoom(trx: OutlastDatabase, { workspaceId, userId }: Principal): Promise<void> {
  const unused = await trx
    .selectFrom('tickets')
    .select((eb) => [
      eb.fn.countAll<number>().as('count'),
      sql<number>`ceil(extract(epoch from min(expires_at) - now()))::integer`.as('seconds'),
    ])
    .where('workspaceId', '=', workspaceId)
    .where('userId', '=', userId)
    .where('expiresAt', '>', sql<Date>`now()`)
    .executeTakeFirstOrThrow()
  if (unused.count < MAX_TICKETS) return
  throw new RateLimitedError(
    `A user has at most ${MAX_TICKETS} tickets that nobody has used. Use them, or wait and try again.`,
    Math.max(1, unused.seconds),
  )
}

/** Nobody waits for those that somebody else removes. */
const removeExpired = (trx: OutlastDatabase) =>
  trx
    .deleteFrom('tickets')
    .where('ticketHash', 'in', (eb) =>
      eb
        .selectFrom('tickets')
        .select('ticketHash')
        .where('expiresAt', '<=', sql<Date>`now()`)
        .limit(REMOVED_AT_ONCE)
        .forUpdate()
        .skipLocked(),
    )
    .execute()

/** Of two at the same moment the second waits for the first, and finds nothing. */
async function redeem(db: OutlastDatabase, ticket: string): Promise<Principal | undefined> {
  if (!isTicket(ticket)) return undefined
  const used = await db
    .deleteFrom('tickets')
    .where('ticketHash', '=', hash(ticket))
    .returning(['workspaceId', 'userId', sql<boolean>`expires_at > now()`.as('valid')])
    .executeTakeFirst()
  return used?.valid ? { workspaceId: used.workspaceId, userId: used.userId } : undefined
}

const hash = (ticket: string): string => createHash('sha256').update(ticket).digest('hex')
