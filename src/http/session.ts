/** The page's sign-in: a bearer token in a cookie that no script reads, and that opens nothing for other pages. */
import { parse, serialize } from 'hono/utils/cookie'
import { NotAllowedError } from '../domain/errors.ts'

/** A browser lets nobody but the server of exactly this origin set a cookie with the second name, and sends it by https only. */
const NAME = 'outlast'
const SECURE_NAME = '__Host-outlast'
const THIRTY_DAYS = 30 * 86_400
const ATTRIBUTES = { path: '/', httpOnly: true, sameSite: 'Strict' } as const

/** Of a cookie browsers take 4096 bytes, with its name and attributes. */
const MAX_BYTES = 3800

export const fitsCookie = (token: string): boolean => encodeURIComponent(token).length <= MAX_BYTES

/** Keeps the token of whoever made this request in their browser. */
export const signedInCookie = (request: Request, token: string): string => {
  const options = { ...ATTRIBUTES, maxAge: THIRTY_DAYS }
  return isHttps(request)
    ? serialize(SECURE_NAME, token, { ...options, secure: true })
    : serialize(NAME, token, options)
}

/** Both are taken back: the same browser may have come by http before. */
export const SIGNED_OUT_COOKIES: readonly string[] = [
  serialize(NAME, '', { ...ATTRIBUTES, maxAge: 0 }),
  serialize(SECURE_NAME, '', { ...ATTRIBUTES, maxAge: 0, secure: true }),
]

/** @returns the token of the cookie; undefined where there is none, and where the request names its caller in a header */
export const signedInToken = (request: Request): string | undefined => {
  if (request.headers.has('authorization')) return undefined
  const cookies = parse(request.headers.get('cookie') ?? '')
  // By http another server of the same site could have set it, and have the person sign in as somebody else.
  return cookies[SECURE_NAME] ?? (isHttps(request) ? undefined : cookies[NAME])
}

/** The request as its bearer makes it, for whoever looks at headers: it has no body, and no cookie speaks beside the token. */
export const asBearer = ({ url, method, headers }: Request, token: string): Request => {
  const own = new Headers(headers)
  own.delete('cookie')
  own.set('authorization', `Bearer ${token}`)
  return new Request(url, { method, headers: own })
}

/**
 * A browser adds its cookies to whatever any page asks for. Cookies of one site are sent between its subdomains and ports,
 * so `SameSite` alone keeps out too few.
 *
 * @throws NotAllowedError for what a page of another origin may have sent
 */
export const checkOwnPage = (request: Request): void => {
  if (isOfOwnPage(request)) return
  throw new NotAllowedError(
    'Who is signed in by a cookie asks from the page of this server only. Others send a token as Authorization: Bearer <token>.',
  )
}

const isOfOwnPage = (request: Request): boolean => {
  const isReading = request.method === 'GET' || request.method === 'HEAD'
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin' || (site === 'none' && isReading)
  const origin = request.headers.get('origin')
  return origin === null ? isReading : isOwnOrigin(request, origin)
}

/** The scheme is not compared: a proxy may have taken the TLS off. */
const isOwnOrigin = (request: Request, text: string): boolean => {
  const origin = URL.parse(text)
  if (!origin) return false
  const own = URL.parse(`${origin.protocol}//${hostOf(request)}`)
  return own !== null && own.host !== '' && own.host === origin.host
}

const hostOf = ({ url, headers }: Request): string => headers.get('host') ?? new URL(url).host

const LOOPBACK = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i

/**
 * As the browser has it, whatever a proxy makes of it. Where no `Origin` says so, `Sec-Fetch-Site` does: browsers send
 * that to their own machine and by https only.
 */
const isHttps = (request: Request): boolean => {
  const origin = request.headers.get('origin')
  if (origin !== null) return origin.startsWith('https:')
  if (new URL(request.url).protocol === 'https:') return true
  return request.headers.has('sec-fetch-site') && !LOOPBACK.test(hostOf(request))
}
