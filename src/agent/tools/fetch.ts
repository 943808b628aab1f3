/** A tool that gets one public http(s) page as text; it connects only to addresses it has checked. */
import { lookup } from 'node:dns/promises'
import { tool } from 'ai'
import { z } from 'zod'
import { ToolFailedError } from '../../domain/errors.ts'
import { getChecked } from './checked-get.ts'
import { parseAllowedHosts } from './public-address.ts'
import type { Resolve } from './public-address.ts'
import { idempotent } from '../declare.ts'
import { readBody } from './response-text.ts'

const MAX_REDIRECTS = 5

export type FetchLimits = { bytes: number; timeoutMs: number }

export type FetchToolOptions = {
  /** Hosts (`host` or `host:port`) that may be fetched although their address is not public. */
  allowHosts?: readonly string[]
  /** How host names become addresses; the system's resolver by default. */
  resolve?: Resolve
  /** 1 MB and 10 seconds by default. */
  limits?: Partial<FetchLimits>
}

/** GET only, without credentials and cookies; each redirect is checked like the first address. */
export const createFetchTool = ({
  allowHosts = [],
  resolve = systemResolve,
  limits,
}: FetchToolOptions = {}) => {
  const isAllowed = parseAllowedHosts(allowHosts)
  const { bytes, timeoutMs } = { bytes: 1024 * 1024, timeoutMs: 10_000, ...limits }
  return idempotent(
    tool({
      title: 'Fetch URL',
      description:
        'Gets a public web page or file as text (text, JSON or XML) with an HTTP GET. At most 1 MB.',
      inputSchema: z.object({
        url: z.string().min(1).max(4_096).describe('An http or https URL'),
      }),
      execute: ({ url }, { abortSignal }) =>
        within(timeoutMs, abortSignal, (signal) =>
          follow({ url: parseUrl(url), resolve, isAllowed, signal, bytes }),
        ),
    }),
  )
}

const systemResolve: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true })).map(({ address }) => address)

type Journey = {
  url: URL
  resolve: Resolve
  isAllowed: (url: URL) => boolean
  signal: AbortSignal
  bytes: number
}

const follow = async ({ url: start, bytes, ...options }: Journey) => {
  let url = start
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    await using answer = await getChecked({ url, ...options })
    const { status, headers } = answer.response
    const location = isRedirect(status) ? headers.get('location') : null
    if (location === null) {
      const body = await readBody(answer.response, url, bytes)
      return { url: url.href, status, ...body }
    }
    url = parseUrl(location, url)
  }
  throw new ToolFailedError(`${start.href} redirects more than ${MAX_REDIRECTS} times.`)
}

const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

const parseUrl = (text: string, base?: URL): URL => {
  const url = URL.parse(text, base)
  const shown = base ? `The redirect of ${base.href}` : 'The URL'
  if (url === null) throw new ToolFailedError(`${shown} is not a URL that can be read.`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new ToolFailedError(
      `${shown} has the scheme ${url.protocol} and only http: and https: are fetched.`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw new ToolFailedError(`${shown} holds a user name or a password, so it is not fetched.`)
  }
  return url
}

/** Runs with one signal for the caller's abort and for the time limit, and tells the two apart. */
const within = async <T>(
  timeoutMs: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  outer?.throwIfAborted()
  // The caller's reason stays with the caller: the HTTP client writes a stack trace onto reasons it sees.
  const inner = new AbortController()
  const stop = (): void => inner.abort()
  const timer = setTimeout(stop, timeoutMs)
  outer?.addEventListener('abort', stop, { once: true })
  try {
    return await run(inner.signal)
  } catch (error) {
    outer?.throwIfAborted()
    if (!inner.signal.aborted) throw error
    const sentence = `The fetch took longer than ${timeoutMs / 1_000} seconds.`
    throw new ToolFailedError(sentence, { cause: error })
  } finally {
    outer?.removeEventListener('abort', stop)
    clearTimeout(timer)
  }
}
