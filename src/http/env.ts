/** What the app knows of a request beside the request. */
import type { ServerResponse } from 'node:http'
import type { Principal } from '../domain/run.ts'

export type Env = {
  Bindings: {
    /** Address of the peer, when the app is served on sockets. */
    readonly address?: string | undefined
    /** Where the answer may be written directly. */
    readonly outgoing?: ServerResponse
  }
  Variables: { principal: Principal }
}
