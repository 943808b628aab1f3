/** Files: brought as they are, and given back to their owner alone, as a download and never as a page. */
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { z } from 'zod'
import { FileNotFoundError } from '../domain/errors.ts'
import { fileIdOf, fileUrl, type FileRecord } from '../domain/file.ts'
import { limitSentence } from '../domain/limits.ts'
import type { EngineApi } from '../engine/api.ts'
import { uploadAnswer } from '../protocol/answers.ts'
import { ROUTES } from '../protocol/routes.ts'
import { parseFilename, parseMediaType } from '../protocol/schemas.ts'
import { readBytes } from './body-bytes.ts'
import type { Env } from './env.ts'
import { API_HEADERS, FILE_HEADERS } from './headers.ts'
import type { Route } from './route.ts'

export const fileRoutes = ({ files, limits }: EngineApi): Route[] => {
  const upload = async (c: Context<Env>) => {
    const filename = parseFilename(c.req.query('filename'))
    const mediaType = parseMediaType(c.req.header('content-type'))
    const most = limits.fileBytes
    const content = await readBytes(c.req.raw, most, limitSentence('fileBytes', most))
    const kept = await files.upload(c.get('principal'), { content, mediaType, filename })
    return Response.json(kept, { status: 201, headers: { ...API_HEADERS, location: kept.url } })
  }

  const download = async (c: Context<Env>) => {
    const principal = c.get('principal')
    const url = fileUrl(c.req.param('fileId') ?? '')
    const id = fileIdOf(url)
    const file = id === undefined ? undefined : await files.find(principal, id)
    if (!file) throw new FileNotFoundError(`There is no file ${url} here.`)
    const etag = `"${file.sha256}"`
    const headers = {
      ...FILE_HEADERS,
      // The next one who is signed in in this browser may be somebody else.
      ...(c.req.header('cookie') === undefined ? {} : { 'cache-control': 'private, no-cache' }),
      etag,
      'content-disposition': dispositionOf(file),
    }
    if (c.req.header('if-none-match')?.includes(etag))
      return new Response(null, { status: 304, headers })
    const { start, end } = rangeOf(c, file, etag)
    const isWhole = end - start === file.size
    const bytes = files.read(principal, file.id, { start, end })
    return new Response(c.req.method === 'HEAD' ? null : streamOf(bytes), {
      status: isWhole ? 200 : 206,
      headers: {
        ...headers,
        'accept-ranges': 'bytes',
        'content-type': safeType(file.mediaType),
        'content-length': String(end - start),
        ...(isWhole ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.size}` }),
      },
    })
  }

  return [
    {
      method: 'POST',
      path: ROUTES.files,
      id: 'uploadFile',
      summary: 'Keeps a file for messages of its owner; the body is the file.',
      upload: true,
      query: z.object({ filename: z.string().optional() }),
      answers: { 201: { says: 'What a part of a message refers to.', schema: uploadAnswer } },
      problems: ['INVALID_REQUEST', 'TOO_LARGE', 'STORAGE_FULL'],
      handle: upload,
    },
    {
      method: 'GET',
      path: ROUTES.file,
      id: 'downloadFile',
      summary: 'A file of a message, or one that was uploaded.',
      ticket: true,
      headers: z.object({ Range: z.string().optional(), 'If-None-Match': z.string().optional() }),
      answers: {
        200: { says: 'The file.', type: '*/*' },
        206: { says: 'The range of it that was asked for.', type: '*/*' },
        304: { says: 'It is the one that the caller has.' },
      },
      problems: ['FILE_NOT_FOUND'],
      handle: download,
    },
  ]
}

const streamOf = (bytes: AsyncIterable<Uint8Array>): ReadableStream =>
  Readable.toWeb(Readable.from(bytes)) as ReadableStream

/** Types that do nothing by themselves, wherever somebody opens them. */
const SAFE =
  /^(image\/(png|jpeg|gif|webp|avif|bmp)|audio\/[\w.+-]+|video\/[\w.+-]+|application\/(pdf|json|zip)|text\/(plain|csv))$/

const safeType = (mediaType: string): string =>
  SAFE.test(mediaType) ? mediaType : 'application/octet-stream'

const dispositionOf = ({ filename }: FileRecord): string => {
  if (filename === null) return 'attachment'
  const plain = filename.replace(/[^\w .()-]/g, '_')
  const exact = encodeURIComponent(filename).replace(/['()*]/g, encodeAscii)
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}

const encodeAscii = (char: string): string =>
  `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

type Range = { readonly start: number; readonly end: number }

/** One range, when it is a possible one; who asks for anything else gets the whole file, as HTTP allows. */
const rangeOf = ({ req }: Context<Env>, { size }: FileRecord, etag: string): Range => {
  const whole = { start: 0, end: size }
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(req.header('range') ?? '')
  const condition = req.header('if-range')
  if (!match || (condition !== undefined && condition !== etag)) return whole
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return whole
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first)
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size)
  return start < end ? { start, end } : whole
}
