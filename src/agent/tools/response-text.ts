/** Turns the body of a response into text: known types only, by its charset, and never more than the limit. */
import type { Response } from 'undici'
import { ToolFailedError } from '../../domain/errors.ts'
import { unreachable } from './checked-get.ts'

export type BodyText = { contentType: string; text: string; truncated: boolean; note?: string }

/** Reads at most `limit` bytes (after decompression) and leaves the rest unread. */
export const readBody = async (response: Response, url: URL, limit: number): Promise<BodyText> => {
  const contentType = response.headers.get('content-type') ?? ''
  const type = contentType.split(';')[0]!.trim().toLowerCase()
  if (type !== '' && !isText(type)) {
    const length = response.headers.get('content-length')
    const size = length === null ? 'of unknown size' : `of ${length} bytes`
    throw new ToolFailedError(
      `${url.href} is ${type} ${size}; only text, JSON and XML are fetched.`,
    )
  }
  const { bytes, truncated } = await readUpTo(response, url, limit)
  if (type === '' && bytes.includes(0)) {
    throw new ToolFailedError(`${url.href} has no content type and is not text.`)
  }
  const charset = byteOrderMark(bytes) ?? parameter(contentType) ?? declared(type, bytes) ?? 'utf-8'
  return {
    contentType,
    text: decoder(charset).decode(bytes, { stream: truncated }),
    truncated,
    ...(truncated && { note: `Only the first ${limit} bytes are shown.` }),
  }
}

const isText = (type: string): boolean =>
  /^text\/|^application\/(?:.+\+)?(?:json|xml)$|^[^/]+\/.+\+(?:json|xml)$|^application\/(?:x-)?(?:ndjson|javascript|yaml)$/.test(
    type,
  )

const readUpTo = async (
  response: Response,
  url: URL,
  limit: number,
): Promise<{ bytes: Uint8Array; truncated: boolean }> => {
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for await (const piece of response.body ?? []) {
      pieces.push(piece)
      length += piece.length
      if (length > limit) break
    }
  } catch (error) {
    throw unreachable(url, error)
  }
  return { bytes: Buffer.concat(pieces).subarray(0, limit), truncated: length > limit }
}

const byteOrderMark = ([a, b, c]: Uint8Array): string | undefined => {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  return a === 0xff && b === 0xfe ? 'utf-16le' : undefined
}

const parameter = (contentType: string): string | undefined =>
  /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1]

/** What an HTML or XML page says about itself in its first kilobyte. */
const declared = (type: string, bytes: Uint8Array): string | undefined => {
  if (!/html|xml/.test(type)) return undefined
  const head = Buffer.from(bytes.subarray(0, 1_024)).toString('latin1')
  return /<(?:meta[^>]+charset|\?xml[^>]+encoding)\s*=\s*["']?([\w.:-]+)/i.exec(head)?.[1]
}

const decoder = (charset: string): TextDecoder => {
  try {
    return new TextDecoder(charset)
  } catch {
    // A label nobody knows: UTF-8 shows what can be shown.
    return new TextDecoder()
  }
}
