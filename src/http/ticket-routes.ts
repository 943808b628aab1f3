/** Tickets: what a page puts into an address where it can send no header. */
import { z } from 'zod'
import type { Principal } from '../domain/run.ts'
import type { NewTicket } from '../domain/ticket.ts'
import { ticketAnswer } from '../protocol/answers.ts'
import { ROUTES } from '../protocol/routes.ts'
import { readJson } from './json-body.ts'
import { json, type Route } from './route.ts'

export type TicketsApi = {
  /** @throws RateLimitedError */
  readonly issue: (principal: Principal) => Promise<NewTicket>
}

const MAX_BODY_BYTES = 1000

export const ticketRoutes = ({ issue }: TicketsApi): Route[] => [
  {
    method: 'POST',
    path: ROUTES.tickets,
    id: 'createTicket',
    summary: 'A ticket for one request that can send no header, within 30 s.',
    // Nothing in it means anything: that it is JSON is what keeps forms of other origins out.
    body: z.object({}),
    answers: { 201: { says: 'The only time that it is shown.', schema: ticketAnswer } },
    handle: async (c) => {
      await readJson(c.req.raw, MAX_BODY_BYTES)
      return json(await issue(c.get('principal')), 201)
    },
  },
]
