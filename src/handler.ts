/** Outlast inside an application: its HTTP interface as a function from `Request` to `Response`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { ConfigError } from './domain/errors.ts'
import { createAdmission, type AdmissionLimits } from './http/admission.ts'
import {
  createHttpApp,
  type Guard,
  type HttpApp,
  type HttpLimits,
  type OnRequest,
} from './http/app.ts'
import type { CrossOrigin } from './http/cross-origin.ts'
import type { Connection } from './http/env.ts'
import type { Authenticate } from './http/identity/identity.ts'
import { nodeListener } from './http/node-listener.ts'
import type { Outlast } from './outlast.ts'

export type OutlastHandlerOptions = {
  /** Who asks: `tokenIdentity(outlast)`, `jwtIdentity({ ... })`, or a function that asks your application. */
  readonly authenticate: Authenticate
  /** What stands before `/ai-chat` in the path, such as `/api`; nothing unless set. */
  readonly basePath?: string
  /** Pages of these origins may use the API; none but its own unless set. */
  readonly cors?: CrossOrigin | undefined
  readonly limits?: HttpLimits & AdmissionLimits
  /** Serves the page of Outlast at `/`, to anybody, and signs people in there with a token; false unless set. */
  readonly page?: boolean
}

/** What is known of a request's connection, where somebody knows it; `toNodeHandler` does. */
export type OutlastHandler = (
  request: Request,
  connection?: Partial<Connection>,
) => Promise<Response>

/**
 * @throws ConfigError for a base path or an origin that is none
 * @example const handler = createOutlastHandler(outlast, { authenticate: tokenIdentity(outlast) })
 */
export const createOutlastHandler = (
  outlast: Outlast,
  options: OutlastHandlerOptions,
): OutlastHandler => {
  const app = createOutlastApp(outlast, options)
  return async (request, { address, incoming, outgoing } = {}) =>
    app.fetch(request, { connection: { address, incoming, outgoing } })
}

/** The same as the request listener of a Node server, for `http.createServer` and Express. */
export const toNodeHandler = (
  handler: OutlastHandler,
): ((incoming: IncomingMessage, outgoing: ServerResponse) => void) => nodeListener(handler)

export type OutlastAppOptions = OutlastHandlerOptions & {
  readonly guard?: Guard
  readonly health?: Readonly<Record<string, unknown>>
  readonly onRequest?: OnRequest | undefined
}

export const createOutlastApp = (outlast: Outlast, options: OutlastAppOptions): HttpApp => {
  const { authenticate, basePath = '', cors, limits = {}, page = false, ...rest } = options
  if (basePath !== '' && !/^(\/[^/?#]+)+$/.test(basePath))
    throw new ConfigError(
      `basePath is ${basePath}: write it with a slash in front and none at the end, as in /api.`,
    )
  if (page && basePath !== '')
    throw new ConfigError('The page is served at / only: leave out basePath, or page.')
  const { tickets, principals } = outlast
  // Behind a guard nobody is asked who they are.
  const signsIn = page && rest.guard === undefined
  return createHttpApp({
    ...rest,
    engine: outlast.engine,
    chats: outlast.chats,
    runs: outlast.runs,
    overview: outlast.overview,
    tickets,
    principals,
    signsIn,
    readiness: outlast.readiness,
    redis: outlast.redis,
    authenticate: createAdmission({
      authenticate,
      redeem: tickets.redeem,
      ensure: principals.ensure,
      signsIn,
      limits,
    }),
    basePath,
    cors,
    limits,
    ...(page ? { page: fileURLToPath(new URL('../web/dist/', import.meta.url)) } : {}),
    onError: (error) => outlast.report(error, { during: 'answering a request' }),
  })
}
