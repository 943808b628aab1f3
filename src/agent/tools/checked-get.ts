/** One GET without redirects, over a connection that can only go to addresses checked a moment before. */
import type { LookupFunction } from 'node:net'
import { isIPv6 } from 'node:net'
import { Agent, fetch } from 'undici'
import type { Response } from 'undici'
import { OutlastError, ToolFailedError, coerceError } from '../../domain/errors.ts'
import { checkedAddresses } from './public-address.ts'
import type { Resolve } from './public-address.ts'

export type CheckedAnswer = AsyncDisposable & { response: Response }

/** Disposing the answer closes its connection, read or not. */
export const getChecked = async ({
  url,
  resolve,
  isAllowed,
  signal,
}: {
  url: URL
  resolve: Resolve
  isAllowed: (url: URL) => boolean
  signal: AbortSignal
}): Promise<CheckedAnswer> => {
  const addresses = await resolved({ url, resolve, isAllowed: isAllowed(url), signal })
  const agent = new Agent({ connect: { lookup: pinned(addresses) }, allowH2: false, pipelining: 0 })
  try {
    const response = await fetch(url, {
      dispatcher: agent,
      redirect: 'manual',
      credentials: 'omit',
      headers: { accept: 'text/*, application/json, application/xml;q=0.9, */*;q=0.1' },
      signal,
    })
    return { response, [Symbol.asyncDispose]: () => agent.destroy() }
  } catch (error) {
    await agent.destroy()
    throw unreachable(url, error)
  }
}

/** A resolver cannot be stopped, so the abort overtakes it. */
const resolved = async ({
  signal,
  ...options
}: Parameters<typeof checkedAddresses>[0] & { signal: AbortSignal }): Promise<string[]> => {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([checkedAddresses(options), aborted])
  } catch (error) {
    throw signal.aborted || error instanceof OutlastError ? error : unreachable(options.url, error)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Answers each question of the connector with the checked addresses: there is no second resolution. */
const pinned = (addresses: readonly string[]): LookupFunction => {
  const known = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
  return (_hostname, { all }, answer) => {
    const [first] = known
    if (all || first === undefined) answer(null, [...known])
    else answer(null, first.address, first.family)
  }
}

const reasons = new Map(
  Object.entries({
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'the host name cannot be resolved at the moment',
    ECONNREFUSED: 'the connection is refused',
    ECONNRESET: 'the connection was closed too early',
    UND_ERR_SOCKET: 'the connection was closed too early',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the connection was closed too early',
    EHOSTUNREACH: 'there is no route to it',
    ENETUNREACH: 'there is no route to it',
    ETIMEDOUT: 'it does not answer',
    UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
    SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
    CERT_HAS_EXPIRED: 'its certificate has expired',
    ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  }),
)

/** A sentence for a failure of the network; without addresses, which are not the model's to know. */
export const unreachable = (url: URL, thrown: unknown): ToolFailedError => {
  const reason = reasons.get(codeOf(coerceError(thrown)) ?? '') ?? 'the request failed'
  return new ToolFailedError(`${url.host} cannot be fetched: ${reason}.`, { cause: thrown })
}

const codeOf = (error: Error): string | undefined => {
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause instanceof Error ? codeOf(error.cause) : undefined
}
