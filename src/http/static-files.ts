/** The files of one folder, by their real path: nothing outside it, nothing hidden. */
import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { getMimeType } from 'hono/utils/mime'
import { PAGE_HEADERS } from './headers.ts'

/** Vite puts a hash of the content into the names of these. */
const IMMUTABLE = '/assets/'

/** How a body is on its way. */
export type Encoding = 'gzip' | 'identity'

/**
 * With `gzip` the file of this name and `.gz`, where there is one.
 *
 * @returns the file at `pathname`, `index.html` for `/`; undefined when there is none
 */
export const staticFiles =
  (folder: string) =>
  async (pathname: string, encoding: Encoding = 'identity'): Promise<Response | undefined> => {
    const segments = segmentsOf(pathname)
    if (!segments) return undefined
    const name = segments.pop() ?? 'index.html'
    const read = (file: string) => readInside(folder, [...segments, file])
    const zipped = encoding === 'gzip' ? await read(`${name}.gz`) : undefined
    const content = zipped ?? (await read(name))
    if (!content) return undefined
    const headers = {
      ...PAGE_HEADERS,
      ...(zipped && { 'content-encoding': 'gzip' }),
      vary: 'accept-encoding',
      'content-type': getMimeType(name) ?? 'application/octet-stream',
      'cache-control': pathname.startsWith(IMMUTABLE)
        ? 'public, max-age=31536000, immutable'
        : 'no-cache',
    }
    return new Response(content, { headers })
  }

/** The decoded segments of a path; undefined when one of them could lead elsewhere. */
const segmentsOf = (pathname: string): string[] | undefined => {
  try {
    const segments = pathname.slice(1).split('/').map(decodeURIComponent)
    if (segments.length === 1 && segments[0] === '') return []
    return segments.every((segment) => /^[^./\\\0][^/\\\0]*$/.test(segment)) ? segments : undefined
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'])

const readInside = async (
  folder: string,
  segments: readonly string[],
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, ...segments))
    return path.startsWith(root + sep) ? await readFile(path) : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING.has(String(error.code)))
      return undefined
    throw error
  }
}
