/**
 * Keeps a server that asks nobody who they are to its own machine.
 *
 * A page of another site cannot use it, by rebinding a name, by a form or by `fetch`; nor can anybody through a proxy.
 */
import {
  MisdirectedRequestError,
  NotAllowedError,
  UnsupportedMediaTypeError,
} from '../domain/errors.ts'
import { API_PATH, ROUTES } from '../protocol/routes.ts'
import type { Guard } from './app.ts'
import type { Remote } from './identity/identity.ts'
import { isJson } from './json-body.ts'

/** @param port - where this server listens */
export const developmentGuard =
  (port: number): Guard =>
  (request, remote) => {
    checkRemote(remote)
    const host = checkHost(request, port)
    checkDirect(request)
    checkOrigin(request, host)
    // A form can POST; other methods no page of another origin can send unasked.
    if (request.method === 'POST' && !isJson(request) && !isUpload(request))
      throw new UnsupportedMediaTypeError('A POST has the content type application/json.')
  }

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/i

const checkRemote = ({ address }: Remote): void => {
  if (address === undefined || !LOOPBACK.test(address))
    throw new NotAllowedError('This server answers on its own machine only.')
}

/** A name that was rebound to a loopback address is still another name. */
const checkHost = (request: Request, port: number): string => {
  const host = request.headers.get('host')?.toLowerCase() ?? ''
  const own = ['localhost', '127.0.0.1', '[::1]'].flatMap((name) =>
    port === 80 ? [name, `${name}:80`] : [`${name}:${port}`],
  )
  if (!own.includes(host))
    throw new MisdirectedRequestError(
      `This server answers to localhost, 127.0.0.1 and [::1] with port ${port} only.`,
    )
  return host
}

const PROXY_HEADER =
  /^(forwarded|x-forwarded(-.*)?|via|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip|x-original-(host|url|for))$/

const checkDirect = (request: Request): void => {
  for (const name of request.headers.keys())
    if (PROXY_HEADER.test(name))
      throw new NotAllowedError(
        `The request came through a proxy (${name}): this server knows no users and must not be put behind one.`,
      )
}

const checkOrigin = (request: Request, host: string): void => {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const foreignOrigin = origin !== null && origin.toLowerCase() !== `http://${host}`
  const foreignSite = site !== null && site !== 'same-origin' && site !== 'none'
  if (!foreignOrigin && (!foreignSite || isVisit(request))) return
  throw new NotAllowedError('The request comes from a page of another origin.')
}

/** A link to the page from anywhere is fine; the API is no place to go to. */
const isVisit = (request: Request): boolean =>
  isReading(request) &&
  request.headers.get('sec-fetch-mode') === 'navigate' &&
  request.headers.get('sec-fetch-dest') === 'document' &&
  !isApi(request)

const isApi = (request: Request): boolean => {
  const { pathname } = new URL(request.url)
  return pathname === API_PATH || pathname.startsWith(`${API_PATH}/`)
}

/** Of any type: that it comes from no other page is what its origin says. */
const isUpload = ({ url }: Request): boolean => new URL(url).pathname === ROUTES.files

const isReading = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD'
