/** Failures of the connection to a provider, told apart by the codes that Node and undici give them. */
import { APICallError } from 'ai'
import type { ModelFailure } from '../engine/ports.ts'

/** Undefined when the error is not about a connection. */
export const describeConnection = (error: unknown): ModelFailure | undefined => {
  const codes = codesOf(error)
  const isUnreachable = (code: string) => Object.hasOwn(UNREACHABLE, code)
  const unreached = codes.find(isUnreachable)
  if (unreached !== undefined) return unreachable(UNREACHABLE[unreached] as string)
  if (codes.some((code) => TLS.test(code))) {
    return { ...unreachable('its TLS certificate or protocol is not accepted'), retryable: false }
  }
  if (codes.some((code) => STALLED.has(code)) || nameOf(error) === 'TimeoutError') {
    return {
      code: 'provider_stalled',
      message: 'The model provider stopped answering.',
      retryable: true,
    }
  }
  if (APICallError.isInstance(error)) {
    // Without a status there was no answer yet.
    if (error.statusCode === undefined) return unreachable('the connection failed')
    return codes.length > 0 || error.cause instanceof TypeError ? BROKEN : undefined
  }
  const isClosed = ['AbortError', 'ResponseAborted'].includes(nameOf(error))
  return isClosed || codes.some((code) => CLOSED.has(code)) ? BROKEN : undefined
}

const UNREACHABLE: Record<string, string> = {
  ECONNREFUSED: 'it refuses connections',
  ENOTFOUND: 'its host name is unknown',
  EAI_AGAIN: 'its host name could not be looked up',
  EHOSTUNREACH: 'there is no way to its address',
  ENETUNREACH: 'there is no way to its address',
  ENETDOWN: 'the network is down',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
}

const TLS = /CERT|SSL|TLS|^EPROTO$|UNABLE_TO_/
const STALLED: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])
const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

const unreachable = (reason: string): ModelFailure => ({
  code: 'provider_unreachable',
  message: `The model provider cannot be reached: ${reason}.`,
  retryable: true,
})

const BROKEN: ModelFailure = {
  code: 'provider_broken_stream',
  message: 'The connection to the model provider broke off before the answer was complete.',
  retryable: true,
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

/** Codes of an error and of what caused it, outermost first. */
const codesOf = (error: unknown): string[] => {
  const codes: string[] = []
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
  }
  return codes
}
