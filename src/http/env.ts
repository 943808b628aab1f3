/** What the app knows of a request beside the request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Context } from 'hono'
import type { Principal } from '../domain/run.ts'
import type { Remote } from './identity/identity.ts'

export type Connection = {
  readonly address: string | undefined
  readonly incoming?: IncomingMessage | undefined
  /** Where the answer may be written directly: only where nobody between this app and the socket adds to it. */
  readonly outgoing: ServerResponse | undefined
}

export type Env = {
  Bindings: { readonly connection?: Connection }
  Variables: { principal: Principal }
}

/** The other end of the connection of a request. */
export const remoteOf = (c: Context<Env>): Remote => {
  const { address, incoming } = c.env?.connection ?? {}
  return { address, incoming }
}
