/** The files of one folder, by their real path: nothing outside it, nothing hidden. */
import { readFile, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { getMimeType } from 'hono/utils/mime'
import { PAGE_HEADERS } from './headers.ts'

/** Vite puts a hash of the content into the names of these. */
const IMMUTABLE = '/assets/'

/** @returns the file at `pathname`, `index.html` for `/`; undefined when there is none */
export const staticFiles =
  (folder: string) =>
  async (pathname: string): Promise<Response | undefined> => {
    const segments = segmentsOf(pathname)
    if (!segments) return undefined
    const file = await readInside(folder, segments.length === 0 ? ['index.html'] : segments)
    if (!file) return undefined
    const headers = {
      ...PAGE_HEADERS,
      'content-type': getMimeType(file.path) ?? 'application/octet-stream',
      'cache-control': pathname.startsWith(IMMUTABLE)
        ? 'public, max-age=31536000, immutable'
        : 'no-cache',
    }
    return new Response(file.content, { headers })
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
): Promise<{ path: string; content: Uint8Array<ArrayBuffer> } | undefined> => {
  try {
    const root = await realpath(folder)
    const path = await realpath(join(root, ...segments))
    return path.startsWith(root + sep) ? { path, content: await readFile(path) } : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && MISSING.has(String(error.code)))
      return undefined
    throw error
  }
}
