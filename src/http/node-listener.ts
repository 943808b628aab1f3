/** A request listener of Node around a function from `Request` to `Response`. */
import type { IncomingMessage, RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { InvalidRequestError } from '../domain/errors.ts'
import type { Connection } from './env.ts'
import { problemResponse } from './problem-response.ts'

type NodeConnection = Required<Connection> & { readonly incoming: IncomingMessage }

/**
 * @param answer - never throws at once
 * @param hostname - stands in for that of a request of HTTP/1.0, which may have none
 */
export const nodeListener = (
  answer: (request: Request, connection: NodeConnection) => Promise<Response> | Response,
  hostname?: string,
): RequestListener => {
  const listener = getRequestListener(
    (request, bindings) => {
      const { incoming, outgoing } = bindings as HttpBindings
      return answer(request, { address: incoming.socket.remoteAddress, incoming, outgoing })
    },
    {
      ...(hostname === undefined ? {} : { hostname }),
      // Other code of this process keeps its Request and Response.
      overrideGlobalObjects: false,
      errorHandler: unreadable,
    },
  )
  return (incoming, outgoing) => void listener(incoming, outgoing)
}

/** Node took it for HTTP, and it names no address that anything could be at. */
const unreadable = (cause: unknown): Response =>
  problemResponse(
    new InvalidRequestError('The Host of the request and its path are no address.', {
      cause,
    }),
    () => undefined,
  )
