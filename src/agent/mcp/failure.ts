/** What went wrong with an MCP server, in sentences for model and operator: without addresses, headers and what proxies say. */
import { McpServerError, OutlastError } from '../../domain/errors.ts'
import { cleanText } from '../../domain/text.ts'
import { LOST_CODE } from './http-requests.ts'

/** Enough for an explanation. */
const MAX_CHARS = 4_000

/** What a failure of the MCP client may have. */
type Thrown = { readonly code?: unknown; readonly statusCode?: unknown; readonly message?: unknown }

/** A server that cannot be used: no call was made. */
export const connectFailure = (name: string, thrown: unknown): OutlastError => {
  if (thrown instanceof OutlastError) return thrown
  const reason = refusal(thrown) ?? unreached(thrown) ?? 'it does not answer as an MCP server does'
  return new McpServerError(`The MCP server "${name}" cannot be used: ${reason}.`, {
    cause: thrown,
  })
}

/** A call that was not answered, or answered with an error of the protocol. */
export const callFailure = (name: string, thrown: unknown, hasEnded: boolean): OutlastError => {
  if (thrown instanceof OutlastError) return thrown
  const { code, message } = thrown as Thrown
  const isLost = hasEnded || code === LOST_CODE
  if (typeof code === 'number' && !isLost) {
    const said = cleanText(String(message)).slice(0, MAX_CHARS).toWellFormed()
    return new McpServerError(`The MCP server "${name}" reports an error: ${said}`, {
      cause: thrown,
    })
  }
  const refused = refusal(thrown) ?? unreached(thrown)
  const sentence = refused
    ? `cannot be used: ${refused}. The call was not made.`
    : 'was asked, and its answer was lost or cannot be read: whether the call took effect is unknown.'
  return new McpServerError(`The MCP server "${name}" ${sentence}`, { cause: thrown })
}

const refusal = (thrown: unknown): string | undefined => {
  const { statusCode } = thrown as Thrown
  if (typeof statusCode !== 'number') return undefined
  // A server, or a proxy, that broke down may have done its work before.
  if (statusCode >= 500 && statusCode !== 503) return undefined
  return statusCode === 401 || statusCode === 403
    ? `it refuses us with status ${statusCode}, so its headers have to be set right by the operator`
    : `it answers with status ${statusCode}`
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name cannot be resolved at the moment',
  ECONNREFUSED: 'the connection is refused',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ENOENT: 'its command, or its folder, is not there',
  EACCES: 'its command may not be executed',
}

/** Failures of which it is certain that nothing was asked. */
const unreached = (thrown: unknown): string | undefined => {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const { code } = error as Thrown
    if (typeof code === 'string' && Object.hasOwn(REASONS, code)) return REASONS[code]
  }
  return undefined
}
