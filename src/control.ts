/** What an operator may do beside the HTTP interface: manage tokens, and ask on behalf of any user. Reached through no network. */
import { Hono } from 'hono'
import { z } from 'zod'
import { coerceError, InvalidRequestError, NotAuthenticatedError } from './domain/errors.ts'
import type { TokenScope } from './domain/token.ts'
import { createOutlastHandler } from './handler.ts'
import type { Env } from './http/env.ts'
import { CONTROL_ROUTES, controlPathOf, LOCAL_USER, PRINCIPAL_HEADERS } from './control-address.ts'
import { isId, type Caller } from './http/identity/identity.ts'
import { readJson } from './http/json-body.ts'
import { problemResponse } from './http/problem-response.ts'
import { json } from './http/route.ts'
import { serveSocket, type HttpServer } from './http/serve.ts'
import type { Outlast } from './outlast.ts'

/** The folder is held, so nobody else's socket is there. A server without this socket serves all the same. */
export const serveControl = async (
  outlast: Outlast,
  dataDir: string,
): Promise<Pick<HttpServer, 'close'> | undefined> => {
  const path = controlPathOf(dataDir)
  if (path === undefined) return undefined
  const onError = (error: Error) => outlast.report(error, { during: 'serving the control socket' })
  try {
    return await serveSocket({ app: createControl(outlast), path, onError })
  } catch (error) {
    onError(coerceError(error))
    return undefined
  }
}

const id = z.string().refine(isId, { error: 'an id has 1 to 200 characters' })

const newToken = z.object({
  workspaceId: id,
  userId: id,
  name: z.string(),
  expiresAt: z.coerce.date().optional(),
})

const MAX_BODY_BYTES = 10_000

/** INVARIANT: whoever can call this is trusted with everything; it is never served on a port. */
export const createControl = (outlast: Outlast): Hono<Env> => {
  const { tokens, report } = outlast
  const asUser = createOutlastHandler(outlast, {
    authenticate: (request) => principalOf(outlast, request),
    limits: { requestsPerMinute: 0 },
  })
  const app = new Hono<Env>()
  app.onError((error) =>
    problemResponse(error, (ours) => report(ours, { during: 'answering an operator' })),
  )
  app.post(CONTROL_ROUTES.tokens, async (c) => {
    const body = newToken.safeParse(await readJson(c.req.raw, MAX_BODY_BYTES))
    if (!body.success) throw new InvalidRequestError(body.error.issues[0]?.message ?? '')
    const { workspaceId, userId, name, expiresAt } = body.data
    return json(await tokens.create({ principal: { workspaceId, userId }, name, expiresAt }), 201)
  })
  app.get(CONTROL_ROUTES.tokens, async (c) =>
    json({ tokens: await tokens.list(scopeOf(c.req.query('workspace'), c.req.query('user'))) }),
  )
  app.delete(CONTROL_ROUTES.token, async (c) =>
    json({ token: (await tokens.revoke(c.req.param('id'), 'all')) ?? null }),
  )
  app.all('*', (c) => asUser(c.req.raw, c.env?.connection))
  return app
}

const scopeOf = (workspaceId: string | undefined, userId: string | undefined): TokenScope => {
  if (workspaceId === undefined) return 'all'
  return userId === undefined ? { workspaceId } : { workspaceId, userId }
}

/** A user whom nobody has seen is more likely a mistake than somebody new. */
const principalOf = async ({ principals }: Outlast, { headers }: Request): Promise<Caller> => {
  const [workspaceId, userId] = [PRINCIPAL_HEADERS.workspace, PRINCIPAL_HEADERS.user].map((name) =>
    decodeURIComponent(headers.get(name) ?? ''),
  )
  const caller = { workspaceId: workspaceId ?? '', userId: userId ?? '' }
  if (isLocalUser(caller)) return LOCAL_USER
  if (await principals.isKnown(caller)) return caller
  throw new NotAuthenticatedError(
    `There is no user ${caller.userId} in the workspace ${caller.workspaceId}.`,
  )
}

const isLocalUser = ({ workspaceId, userId }: Caller): boolean =>
  workspaceId === LOCAL_USER.workspaceId && userId === LOCAL_USER.userId
