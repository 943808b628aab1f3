/** Callers with a bearer token of this server. */
import { NotAuthenticatedError } from '../../domain/errors.ts'
import { TOKEN_PREFIX, type TokenCheck } from '../../domain/token.ts'
import { bearerOf, type Authenticate } from './identity.ts'

/** What is needed of an Outlast. */
export type TokenSource = {
  readonly tokens: { readonly check: (token: string) => Promise<TokenCheck> }
}

const REFUSALS = {
  unknown: 'This server does not know the token.',
  expired: 'The token has expired.',
  revoked: 'The token was revoked.',
} as const

/** @example createOutlastHandler(outlast, { authenticate: tokenIdentity(outlast) }) */
export const tokenIdentity =
  ({ tokens }: TokenSource): Authenticate =>
  async (request) => {
    const token = bearerOf(request)
    if (token === undefined || !token.startsWith(TOKEN_PREFIX)) return null
    const checked = await tokens.check(token)
    if (checked.kind === 'valid') return checked.principal
    throw new NotAuthenticatedError(REFUSALS[checked.kind])
  }
