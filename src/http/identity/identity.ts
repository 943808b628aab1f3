/** Who asks: what an identity says of a request, and what it may say. */
import type { IncomingMessage } from 'node:http'
import type { Principal } from '../../domain/run.ts'

/** The other end of the connection; nothing is known of it when the app is called with a bare `Request`. */
export type Remote = {
  readonly address?: string | undefined
  /** The request as Node has it, with what an application's own middleware put there; where `toNodeHandler` serves. */
  readonly incoming?: IncomingMessage | undefined
}

/** A principal, and what people call them when they are seen for the first time. */
export type Caller = Principal & {
  readonly workspaceName?: string | undefined
  readonly userName?: string | undefined
}

type Answer = Caller | null | undefined

/**
 * Names who makes a request; null when the request says nothing that this identity could read.
 * @throws NotAuthenticatedError for something that it can read and that is not valid
 */
export type Authenticate = (request: Request, remote: Remote) => Promise<Answer> | Answer

const ID = /^[^\p{Cc}\p{Cs}]{1,200}$/u

/** Half a surrogate pair would become another character in the database, and two users one. */
export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

/** The token of `Authorization: Bearer <token>`. */
export const bearerOf = (request: Request): string | undefined =>
  /^bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1]
