/** An app whose page signs people in, and browsers that come to it. */
import { firstOf } from '../../src/http/identity/first-of.ts'
import { jwtIdentity } from '../../src/http/identity/jwt-identity.ts'
import { tokenIdentity } from '../../src/http/identity/token-identity.ts'
import { createOutlastApp, type OutlastAppOptions } from '../../src/handler.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { describedBy, type Description } from '../support/described.ts'
import type { TestOutlast } from '../support/engine.ts'
import { AUDIENCE, claimsWith, ISSUER, sign } from './identity/issuer.ts'

const SECRET = 'a secret that both of us know, and long enough'
export const HOST = 'chat.example'

export type Ask = (path: string, init?: RequestInit, address?: string) => Promise<Response>

const created = (outlast: TestOutlast, options: Partial<OutlastAppOptions> = {}) => {
  const jwt = jwtIdentity({ secret: SECRET, issuer: ISSUER, audience: AUDIENCE })
  return createOutlastApp(outlast, {
    authenticate: firstOf(tokenIdentity(outlast), jwt),
    page: true,
    ...options,
  })
}

export const rawAppOf = (outlast: TestOutlast) => {
  const app = created(outlast)
  return async (request: Request): Promise<Response> => app.fetch(request)
}

/** An app whose answers are held against its own description. */
export const appOf = async (
  outlast: TestOutlast,
  options: Partial<OutlastAppOptions> = {},
): Promise<Ask> => {
  const app = created(outlast, options)
  const check = describedBy((await (await app.request(ROUTES.openapi)).json()) as Description)
  return async (path, init = {}, address) => {
    const request = new Request(`http://${HOST}${path}`, init)
    const connection = { address, outgoing: undefined }
    const answer = await app.fetch(request, { connection })
    if (init.method === 'OPTIONS') return answer
    return check({ method: init.method ?? 'GET', url: path }, answer)
  }
}

export const jwtOf = (claims: Parameters<typeof claimsWith>[0] = {}): Promise<string> =>
  sign(new TextEncoder().encode(SECRET), claimsWith(claims), { alg: 'HS256' })

/** What a browser adds to a request of the server's own page, come by https through a proxy that takes the TLS off. */
export const OWN_PAGE = { 'sec-fetch-site': 'same-origin', origin: `https://${HOST}` }

export const signInWith = (
  token: unknown,
  headers: Readonly<Record<string, string>> = OWN_PAGE,
): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ token }),
})

/** The `Cookie` that a browser sends after this answer. */
export const cookieOf = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0]!)
    .join('; ')
