/** Tickets: what stands for a token where none can be sent, in an address, for one request soon after. */

/** Recognisable in an address, and no bearer token. */
export const TICKET_PREFIX = 'olt_'

/** The prefix and 256 random bits in base64url. */
const TICKET = /^olt_[A-Za-z0-9_-]{43}$/

export const isTicket = (text: string): boolean => TICKET.test(text)

/** How long somebody may use it, by the database's clock. */
export const TICKET_SECONDS = 30

/** What one user may have at most that nobody has used. */
export const MAX_TICKETS = 100

export type NewTicket = {
  /** Shown this once. */
  readonly ticket: string
  readonly expiresAt: Date
}
