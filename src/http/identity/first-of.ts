/** Several ways to say who asks, one after the other. */
import { isRetryable, NotAuthenticatedError } from '../../domain/errors.ts'
import type { Authenticate } from './identity.ts'

/**
 * The first of them that names a caller. When none does, the request gets the first refusal; an outage of one of them
 * comes before that, because its caller may be known there.
 *
 * @example firstOf(tokenIdentity(outlast), jwtIdentity({ jwksUrl, issuer, audience }))
 */
export const firstOf =
  (...identities: readonly Authenticate[]): Authenticate =>
  async (request, remote) => {
    const refusals: unknown[] = []
    for (const identity of identities)
      try {
        const caller = await identity(request, remote)
        if (caller) return caller
      } catch (error) {
        if (!(error instanceof NotAuthenticatedError) && !isRetryable(error)) throw error
        refusals.push(error)
      }
    if (refusals.length > 0) throw refusals.find(isRetryable) ?? refusals[0]
    return null
  }
