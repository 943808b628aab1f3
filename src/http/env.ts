/** What the app knows of a request beside the request. */
import type { ServerResponse } from 'node:http'
import type { Principal } from '../domain/run.ts'

/** The socket that a request came on; only where this app serves it itself, so that nobody adds to its answer. */
export type Connection = {
  readonly address: string | undefined
  /** Where the answer may be written directly. */
  readonly outgoing: ServerResponse
}

export type Env = {
  Bindings: { readonly connection?: Connection }
  Variables: { principal: Principal }
}
