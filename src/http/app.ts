/** The HTTP app: who asks, which route, and one place where errors become answers. */
import { Hono, type Context } from 'hono'
import { accepts } from 'hono/accepts'
import { getPath } from 'hono/utils/url'
import { RouteNotFoundError } from '../domain/errors.ts'
import type { EngineApi } from '../engine/api.ts'
import type { ChatsApi, OverviewApi, RunsApi } from '../engine/catalog-api.ts'
import { API_PATH } from '../protocol/routes.ts'
import { problemOf } from '../protocol/problem.ts'
import type { Admit } from './admission.ts'
import { chatRoutes } from './chat-routes.ts'
import { chatsRoutes } from './chats-routes.ts'
import { crossOrigin, type CrossOrigin } from './cross-origin.ts'
import { remoteOf, type Env } from './env.ts'
import type { Remote } from './identity/identity.ts'
import { followRoutes } from './follow-routes.ts'
import { fileRoutes } from './file-routes.ts'
import { overviewRoutes } from './overview-routes.ts'
import { problemResponse } from './problem-response.ts'
import { Readers } from './readers.ts'
import { mount, type Mountable, type Route } from './route.ts'
import { runsRoutes } from './runs-routes.ts'
import { serverRoutes } from './server-routes.ts'
import { sessionRoutes, type PrincipalsApi } from './session-routes.ts'
import { staticFiles, type Encoding } from './static-files.ts'
import { ticketRoutes, type TicketsApi } from './ticket-routes.ts'

export type HttpLimits = {
  /** Bytes of a request body; those of the engine's limits unless set. */
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
  readonly chats: ChatsApi
  readonly runs: RunsApi
  readonly overview: OverviewApi
  readonly tickets: TicketsApi
  readonly principals: PrincipalsApi
  /** Asked for each request that the API does not leave open; the page is open. */
  readonly authenticate: Admit
  /** Whether the page signs people in, with a token that its cookie keeps. */
  readonly signsIn?: boolean
  /** Looks at each request before anything else does, also at one for the page; refuses it by throwing. */
  readonly guard?: Guard
  readonly cors?: CrossOrigin | undefined
  /** What stands in a path before the paths of PROTOCOL.md, where whoever calls the app leaves it there. */
  readonly basePath?: string | undefined
  readonly limits?: HttpLimits
  /** Folder with the built page. */
  readonly page?: string
  /** What the health check says beside `status`. */
  readonly health?: Readonly<Record<string, unknown>>
  /** Whether the server can do its work, by the names of what it needs; always unless set. */
  readonly readiness?: () => Promise<Readonly<Record<string, boolean>>>
  /** What both checks say of Redis, where there is one. */
  readonly redis?: (() => 'ok' | 'away') | undefined
  /** Hears of each request to a route of the API, and of its answer. */
  readonly onRequest?: OnRequest | undefined
  /** Hears of errors that are not the caller's. */
  readonly onError: (error: Error) => void
}

/** Called with a request's route; what it returns is called with the status, for a stream when that has ended. */
export type OnRequest = (request: {
  readonly method: string
  readonly route: string
}) => (status: number) => void

export type Guard = (request: Request, remote: Remote) => void

export type HttpApp = Hono<Env>

export const createHttpApp = (options: HttpAppOptions): HttpApp => {
  const { engine, chats, runs, tickets, principals, authenticate, guard, cors } = options
  const { limits = {}, page, signsIn = false, onRequest, onError } = options
  const app = new Hono<Env>({ getPath: pathBelow(options.basePath ?? '') })
  const fail = (error: unknown) => problemResponse(error, onError)
  app.onError(fail)
  app.notFound((c) => fail(new RouteNotFoundError(`There is nothing at ${c.req.path}.`)))
  if (cors) app.use(crossOrigin(cors))
  app.use((c, next) => {
    guard?.(c.req.raw, remoteOf(c))
    return next()
  })
  const admitted = (route: Route): Mountable => ({
    ...route,
    handle: async (c) => {
      const onAnswer = onRequest?.({ method: route.method, route: route.path })
      try {
        if (!route.open)
          c.set('principal', await authenticate(c.req.raw, remoteOf(c), ticketOf(c, route)))
        const answer = await route.handle(c)
        onAnswer?.(answer.status)
        return answer
      } catch (error) {
        onAnswer?.(problemOf(error).status)
        throw error
      }
    },
  })
  const files = page === undefined ? async () => undefined : staticFiles(page)
  const file = async (c: Context<Env>) => {
    const { pathname } = new URL(c.req.url)
    const encoding = encodingFor(c)
    const isPage = isVisit(c.req.raw) && !isApi(pathname)
    return (
      (await files(pathname, encoding)) ??
      (isPage ? await files('/', encoding) : undefined) ??
      (await c.notFound())
    )
  }
  const maxBodyBytes = limits.bodyBytes ?? engine.limits.bodyBytes
  const streams = {
    engine,
    readers: new Readers(engine.limits.readers),
    keepAliveMs: limits.keepAliveMs ?? 10_000,
    slow: { bytes: limits.slowReaderBytes ?? 1_000_000, ms: limits.slowReaderMs ?? 30_000 },
    onError,
  }
  const routes = [
    ...chatsRoutes({ chats, maxBodyBytes }),
    ...runsRoutes({ runs, maxBodyBytes }),
    ...overviewRoutes(options.overview),
    ...chatRoutes({ ...streams, maxBodyBytes }),
    ...followRoutes(streams),
    ...fileRoutes(engine),
    ...ticketRoutes(tickets),
    ...sessionRoutes({ principals, admit: authenticate, signsIn }),
  ]
  mount(app, [
    ...[...routes, ...serverRoutes(routes, options)].map(admitted),
    { method: 'GET', path: '/', handle: file },
  ])
  app.get('*', file)
  return app
}

/** Somebody goes to an address of the page, which finds its way by itself. */
const isVisit = ({ method, headers }: Request): boolean =>
  (method === 'GET' || method === 'HEAD') && /\btext\/html\b/.test(headers.get('accept') ?? '')

const encodingFor = (c: Context<Env>): Encoding =>
  accepts(c, { header: 'Accept-Encoding', supports: ['gzip'], default: '' }) === 'gzip'
    ? 'gzip'
    : 'identity'

const isApi = (pathname: string): boolean => `${pathname}/`.startsWith(`${API_PATH}/`)

const ticketOf = ({ req }: Context<Env>, { ticket }: Route): string | undefined =>
  ticket && req.method === 'GET' ? req.query('ticket') : undefined

const pathBelow = (basePath: string) => (request: Request) => {
  const path = getPath(request)
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path
}
