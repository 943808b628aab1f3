/** The HTTP app: who asks, which route, and one place where errors become answers. */
import { Hono, type Context } from 'hono'
import { RouteNotFoundError } from '../domain/errors.ts'
import type { Principal } from '../domain/run.ts'
import type { EngineApi } from '../engine/api.ts'
import { chatRoutes } from './chat-routes.ts'
import type { Env } from './env.ts'
import { problemResponse } from './problem-response.ts'
import { mount } from './route.ts'
import { serverRoutes } from './server-routes.ts'
import { staticFiles } from './static-files.ts'

/** The other end of the connection; nothing is known of it when the app is called with a bare `Request`. */
export type Remote = { readonly address?: string | undefined }

/** @throws an OutlastError that refuses the request */
export type Authenticate = (request: Request, remote: Remote) => Promise<Principal>

export type HttpLimits = {
  /** Bytes of a request body; 10 MB unless set. */
  readonly bodyBytes?: number
  /** Silence in a stream after which a comment is sent; 10 s unless set. */
  readonly keepAliveMs?: number
  /** A reader for whom more than this waits (1 MB unless set) ... */
  readonly slowReaderBytes?: number
  /** ... and who takes nothing for so long (30 s unless set) is disconnected. */
  readonly slowReaderMs?: number
}

export type HttpAppOptions = {
  readonly engine: EngineApi
  /** Asked for each request, that for the page too. */
  readonly authenticate: Authenticate
  readonly limits?: HttpLimits
  /** Folder with the built page. */
  readonly page?: string
  /** What the health check says beside `status`. */
  readonly health?: Readonly<Record<string, unknown>>
  /** Hears of errors that are not the caller's. */
  readonly onError: (error: Error) => void
}

export type HttpApp = Hono<Env>

export const createHttpApp = (options: HttpAppOptions): HttpApp => {
  const { engine, authenticate, limits = {}, page, health, onError } = options
  const app = new Hono<Env>()
  const fail = (error: unknown) => problemResponse(error, onError)
  app.onError(fail)
  app.notFound((c) => fail(new RouteNotFoundError(`There is nothing at ${c.req.path}.`)))
  app.use(async (c, next) => {
    c.set('principal', await authenticate(c.req.raw, { address: c.env?.connection?.address }))
    await next()
  })
  const files = page === undefined ? async () => undefined : staticFiles(page)
  const file = async (c: Context<Env>) =>
    (await files(new URL(c.req.url).pathname)) ?? (await c.notFound())
  const routes = [
    ...chatRoutes({
      engine,
      maxBodyBytes: limits.bodyBytes ?? 10_000_000,
      keepAliveMs: limits.keepAliveMs ?? 10_000,
      slow: { bytes: limits.slowReaderBytes ?? 1_000_000, ms: limits.slowReaderMs ?? 30_000 },
      onError,
    }),
  ]
  mount(app, [
    ...routes,
    ...serverRoutes(routes, health),
    { method: 'GET', path: '/', handle: file },
  ])
  app.get('*', file)
  return app
}
