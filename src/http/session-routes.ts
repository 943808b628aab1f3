/** Who is signed in on the page, and how somebody signs in and out there. */
import type { Context } from 'hono'
import { z } from 'zod'
import { InvalidRequestError, TooLargeError } from '../domain/errors.ts'
import type { Principal } from '../domain/run.ts'
import { sessionAnswer } from '../protocol/answers.ts'
import { ROUTES } from '../protocol/routes.ts'
import type { Admit } from './admission.ts'
import { remoteOf, type Env } from './env.ts'
import { API_HEADERS } from './headers.ts'
import { readJson } from './json-body.ts'
import { json, type Route } from './route.ts'
import {
  asBearer,
  checkOwnPage,
  fitsCookie,
  SIGNED_OUT_COOKIES,
  signedInCookie,
  signedInToken,
} from './session.ts'

export type PrincipalsApi = {
  /** What people call them. */
  readonly names: (principal: Principal) => Promise<{ workspace: string; user: string }>
}

export type SessionRoutesOptions = {
  readonly principals: PrincipalsApi
  readonly admit: Admit
  /** Whether the page signs people in. */
  readonly signsIn: boolean
}

const credentials = z.object({
  token: z.string().meta({ description: 'What `Authorization: Bearer` takes.' }),
})

const MAX_BODY_BYTES = 20_000

export const sessionRoutes = ({ principals, admit, signsIn }: SessionRoutesOptions): Route[] => {
  const describe = async (principal: Principal, canSignOut: boolean) => {
    const { workspaceId, userId } = principal
    const { workspace, user } = await principals.names(principal)
    return {
      user: { id: userId, name: user },
      workspace: { id: workspaceId, name: workspace },
      canSignOut,
    }
  }

  const look = async (c: Context<Env>) =>
    json(await describe(c.get('principal'), signsIn && signedInToken(c.req.raw) !== undefined))

  const signIn = async (c: Context<Env>) => {
    const request = c.req.raw
    checkOwnPage(request)
    const token = tokenOf(await readJson(request, MAX_BODY_BYTES))
    const principal = await admit(asBearer(request, token), remoteOf(c))
    const answer = json(await describe(principal, true))
    answer.headers.append('set-cookie', signedInCookie(request, token))
    return answer
  }

  const signOut = (c: Context<Env>) => {
    checkOwnPage(c.req.raw)
    const answer = new Response(null, { status: 204, headers: API_HEADERS })
    for (const cookie of SIGNED_OUT_COOKIES) answer.headers.append('set-cookie', cookie)
    return answer
  }

  const asking: Route = {
    method: 'GET',
    path: ROUTES.session,
    id: 'getSession',
    summary: 'Who asks.',
    answers: { 200: { says: 'The caller.', schema: sessionAnswer } },
    handle: look,
  }
  if (!signsIn) return [asking]
  return [
    asking,
    {
      method: 'POST',
      path: ROUTES.session,
      id: 'signIn',
      summary: 'Signs a browser in with a token; for the page of this server.',
      open: true,
      body: credentials,
      answers: {
        200: { says: 'Whose the token is. It is in a cookie now.', schema: sessionAnswer },
      },
      handle: signIn,
    },
    {
      method: 'DELETE',
      path: ROUTES.session,
      id: 'signOut',
      summary: 'Signs a browser out; for the page of this server.',
      open: true,
      answers: { 204: { says: 'The cookie is gone, if there was one.' } },
      handle: signOut,
    },
  ]
}

/** What RFC 6750 takes for a token, which a cookie takes too. */
const TOKEN = /^[\w.~+/-]+=*$/

const tokenOf = (body: unknown): string => {
  const parsed = credentials.safeParse(body)
  if (!parsed.success)
    throw new InvalidRequestError('The body has to be { "token": "..." }, with the token as it is.')
  const token = parsed.data.token.trim()
  if (!TOKEN.test(token))
    throw new InvalidRequestError(
      'This is no token: one consists of letters, digits and - . _ ~ + / without spaces.',
    )
  if (fitsCookie(token)) return token
  throw new TooLargeError(
    `This token is too long for a browser's cookie: it has ${token.length} characters. Ask for one with fewer claims.`,
  )
}
