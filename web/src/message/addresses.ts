/** Which addresses of a message may be followed or shown. Everything else stays text. */
import { API_PATH } from 'outlast/protocol'

export type Destination = { readonly href: string; readonly host: string | undefined }

const OWN_FILE = new RegExp(`^${API_PATH}/files/[A-Za-z0-9_-]+$`)
const IMAGE_DATA = /^data:image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml)[;,]/i

export const isOwnFile = (url: string): boolean => OWN_FILE.test(url)

/** Where a link leads; `host` as the network knows it, so that look-alike letters cannot be read for others. */
export const destinationOf = (url: string | undefined): Destination | undefined => {
  if (url === undefined) return undefined
  if (isOwnFile(url)) return { href: url, host: undefined }
  // An address without a scheme would lead into this page.
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'mailto:') return { href: parsed.href, host: parsed.pathname }
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') return undefined
  // A name before the host is only there to be taken for it.
  parsed.username = ''
  parsed.password = ''
  return { href: parsed.href, host: parsed.host }
}

/** An image that is here already: showing it asks nobody else for anything. */
export const isOwnImage = (url: string): boolean =>
  isOwnFile(url) || url.startsWith('blob:') || IMAGE_DATA.test(url)
