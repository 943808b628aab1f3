/** What the app knows of a request beside the request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Principal } from '../domain/run.ts'

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
