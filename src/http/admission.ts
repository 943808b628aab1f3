/** Who gets in: a caller who says who it is, not too often, and who is in our tables from its first request on. */
import ipaddr from 'ipaddr.js'
import { LRUCache } from 'lru-cache'
import { ConfigError, NotAuthenticatedError } from '../domain/errors.ts'
import type { Principal } from '../domain/run.ts'
import { isId, type Authenticate, type Caller, type Remote } from './identity/identity.ts'
import { rateLimit } from './rate-limit.ts'
import { asBearer, checkOwnPage, signedInToken } from './session.ts'

/**
 * @param ticket - that of the address, where the route takes one
 * @throws an OutlastError that refuses the request
 */
export type Admit = (request: Request, remote: Remote, ticket?: string) => Promise<Principal>

export type AdmissionLimits = {
  /** Of each user; 600 unless set, 0 for any number. Reading a stream is one request, however long it is. */
  readonly requestsPerMinute?: number
  /** Wrong tokens and tickets from one address, 60 unless set; more of them are told to wait. Right ones always get in. */
  readonly failuresPerMinute?: number
}

export type AdmissionOptions = {
  readonly authenticate: Authenticate
  /** Whose a ticket is, which this uses up; undefined when it is nobody's. */
  readonly redeem: (ticket: string) => Promise<Principal | undefined>
  /** Makes workspace and user where they are new. */
  readonly ensure: (
    principal: Principal,
    names: { readonly workspace?: string | undefined; readonly user?: string | undefined },
  ) => Promise<void>
  /** Whether the cookie of the page lets its user in. */
  readonly signsIn?: boolean
  readonly limits?: AdmissionLimits
}

export const createAdmission = ({
  authenticate,
  redeem,
  ensure,
  signsIn = false,
  limits = {},
}: AdmissionOptions): Admit => {
  const { requestsPerMinute = 600, failuresPerMinute = 60 } = limits
  const countRequest = rateLimit(
    requestsPerMinute,
    `A user makes at most ${requestsPerMinute} requests a minute. Wait and try again.`,
  )
  const countFailure = rateLimit(
    failuresPerMinute,
    'Too many tokens or tickets that are not valid came from this address. Wait and try again.',
  )
  const ensureOnce = once(ensure)

  const identify = async (request: Request, remote: Remote, ticket?: string): Promise<Caller> => {
    const isBearer = request.headers.has('authorization')
    const isTicket = ticket !== undefined && !isBearer
    const token = signsIn && !isTicket ? signedInToken(request) : undefined
    if (token !== undefined) checkOwnPage(request)
    try {
      if (isTicket) return holder(await redeem(ticket))
      const asked = token === undefined ? request : asBearer(request, token)
      return checked(await authenticate(asked, remote), signsIn)
    } catch (error) {
      const network = error instanceof NotAuthenticatedError && networkOf(request, remote)
      if (network && (isBearer || isTicket || token !== undefined)) await countFailure(network)
      throw error
    }
  }

  return async (request, remote, ticket) => {
    const caller = await identify(request, remote, ticket)
    const { workspaceId, userId } = caller
    const key = JSON.stringify([workspaceId, userId])
    await countRequest(key)
    await ensureOnce(key, caller)
    return { workspaceId, userId }
  }
}

const holder = (caller: Principal | undefined): Principal => {
  if (caller) return caller
  throw new NotAuthenticatedError(
    'This ticket was used, has expired, or never was one: POST /ai-chat/tickets gives another, for one request within 30 s.',
  )
}

const checked = (caller: Caller | null | undefined, signsIn: boolean): Caller => {
  if (!caller)
    throw new NotAuthenticatedError(
      `This server wants to know who asks: send a token as Authorization: Bearer <token>${signsIn ? ', or sign in on its page' : ''}.`,
    )
  if (isId(caller.workspaceId) && isId(caller.userId)) return caller
  throw new ConfigError(
    'authenticate has to give a principal whose workspaceId and userId are strings of 1 to 200 characters, without control characters.',
  )
}

/** Somebody may delete a workspace: after so long it is looked at again. */
const SEEN_MS = 60_000
const SEEN_CALLERS = 10_000

/** The same caller is not written again and again; requests that come meanwhile wait for the first one. */
const once = (ensure: AdmissionOptions['ensure']) => {
  const seen = new LRUCache<string, Promise<void>>({ max: SEEN_CALLERS, ttl: SEEN_MS, perf: Date })
  return (key: string, { workspaceName, userName, ...principal }: Caller): Promise<void> => {
    const known = seen.get(key)
    if (known) return known
    const ensuring = ensure(principal, { workspace: workspaceName, user: userName })
    seen.set(key, ensuring)
    ensuring.catch(() => seen.delete(key))
    return ensuring
  }
}

/**
 * What failures are counted for: an IPv4 address, or the /64 of an IPv6 one, which one machine has to itself. Nothing
 * behind a proxy, whose address everybody there would share.
 */
const networkOf = (request: Request, { address }: Remote): string | undefined => {
  const isForwarded = request.headers.has('x-forwarded-for') || request.headers.has('forwarded')
  if (isForwarded || typeof address !== 'string' || !ipaddr.isValid(address)) return undefined
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString()
}
