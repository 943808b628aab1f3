import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorOfResponse } from '../../src/client/errors.ts'
import { QueueFullError } from '../../src/domain/errors.ts'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { INLINE_FILE_BYTES } from '../../src/domain/file.ts'
import { createBarrier } from '../support/barrier.ts'
import { errorOf } from '../support/problem.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  type ScriptedModel,
} from '../support/scripted-model.ts'
import { chunksOf, rawRequest, serving, type Serving } from './serving.ts'

const FILE_BYTES = 300_000
const bytesOf = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31) % 256)

type Uploaded = { url: string; mediaType: string; filename: string | null; size: number }

let server: Serving
let model: ScriptedModel
beforeAll(async () => {
  model = scriptedModel(() => [...textParts('Done'), finishPart()])
  server = await serving(defineAgent({ name: 'a', model }), {
    runLimits: { fileBytes: FILE_BYTES, messageFiles: 2, messageParts: 4, textChars: 10 },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const upload = (body: Uint8Array, type: string, query = '') =>
  server.get(`/ai-chat/files${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: body as Uint8Array<ArrayBuffer>,
  })
const uploaded = async (size: number, type = 'image/png', query = ''): Promise<Uploaded> =>
  (await (await upload(bytesOf(size), type, query)).json()) as Uploaded
const say = (parts: readonly object[]) =>
  server.post('/ai-chat', { chatId: crypto.randomUUID(), message: { parts } })

describe('a file', () => {
  it('that is uploaded comes back to its owner as a download', async () => {
    const response = await upload(bytesOf(FILE_BYTES), 'image/png', '?filename=Ein+"Büld".png')
    expect(response.status).toBe(201)
    const { url, ...rest } = (await response.json()) as Uploaded
    expect(rest).toEqual({ mediaType: 'image/png', filename: 'Ein "Büld".png', size: FILE_BYTES })
    const download = await server.get(url)
    expect(download.status).toBe(200)
    expect(Buffer.from(await download.arrayBuffer()).equals(bytesOf(FILE_BYTES))).toBe(true)
    expect(Object.fromEntries(download.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(FILE_BYTES),
      'content-disposition': `attachment; filename="Ein _B_ld_.png"; filename*=UTF-8''Ein%20%22B%C3%BCld%22.png`,
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
    })
    const head = await server.get(url, { method: 'HEAD' })
    expect(head.headers.get('content-length')).toBe(String(FILE_BYTES))
    const etag = download.headers.get('etag')!
    const known = await server.get(url, { headers: { 'if-none-match': etag } })
    expect(known.status).toBe(304)
  })

  it.for([
    ['bytes=0-9', 0, 10],
    ['bytes=262140-262150', 262_140, 262_151],
    ['bytes=299990-', 299_990, FILE_BYTES],
    ['bytes=-7', FILE_BYTES - 7, FILE_BYTES],
    ['bytes=5-999999999', 5, FILE_BYTES],
    ['bytes=300000-', 0, FILE_BYTES],
    ['bytes=9-1', 0, FILE_BYTES],
    ['bytes=0-1,3-4', 0, FILE_BYTES],
  ] as const)('is given in the range %s', async ([range, start, end]) => {
    const { url } = await uploaded(FILE_BYTES)
    const response = await server.get(url, { headers: { range } })
    const isWhole = end - start === FILE_BYTES
    expect(response.status).toBe(isWhole ? 200 : 206)
    expect(response.headers.get('content-range')).toBe(
      isWhole ? null : `bytes ${start}-${end - 1}/${FILE_BYTES}`,
    )
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(bytes.equals(bytesOf(FILE_BYTES).subarray(start, end))).toBe(true)
  })

  it.for([
    'text/html',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/xml',
    'application/javascript',
  ])('of the type %s is a download without a type', async (type) => {
    const { url } = await uploaded(20, `${type}; charset=utf-8`)
    const response = await server.get(url)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    expect(response.headers.get('content-disposition')).toBe('attachment')
  })

  it('of somebody else, or one that is none, does not exist', async () => {
    const stranger = { workspaceId: 'w1', userId: 'u2' }
    await server.outlast.principals.ensure(stranger)
    const file = { mediaType: 'image/png', content: bytesOf(10) }
    const foreign = await server.outlast.engine.files.upload(stranger, file)
    for (const url of [
      foreign.url,
      '/ai-chat/files/nothing',
      `/ai-chat/files/${crypto.randomUUID()}`,
    ]) {
      const response = await server.get(url)
      expect(await errorOf(response)).toMatchObject({
        status: 404,
        code: 'FILE_NOT_FOUND',
        detail: `There is no file ${url} here.`,
      })
    }
    const part = { type: 'file', mediaType: 'image/png', url: foreign.url }
    expect(await errorOf(await say([part]))).toMatchObject({ status: 400, code: 'INVALID_REQUEST' })
  })

  it('has at most so many bytes, announced or not, and at least one', async () => {
    const beyond = await upload(bytesOf(FILE_BYTES + 1), 'image/png')
    expect(await errorOf(beyond)).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    const chunked = await rawRequest(`${server.url}/ai-chat/files`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' },
      body: 'x'.repeat(FILE_BYTES + 1),
    })
    expect(JSON.parse(chunked.body)).toMatchObject({
      code: 'TOO_LARGE',
      detail: 'A file has at most 300000 bytes.',
    })
    expect((await upload(bytesOf(0), 'image/png')).status).toBe(400)
    expect((await upload(bytesOf(1), 'no type at all')).status).toBe(400)
    expect((await upload(bytesOf(1), 'a/b', `?filename=${'x'.repeat(256)}`)).status).toBe(400)
  })

  it('that was uploaded is given to the model', async () => {
    const { url } = await uploaded(INLINE_FILE_BYTES + 5)
    await chunksOf(await say([{ type: 'file', mediaType: 'image/png', url }]))
    const [message] = model.prompts.at(-1)!
    const [part] = message!.content as { type: string; data: { data: Uint8Array | string } }[]
    expect(Buffer.from(part!.data.data as string, 'base64').length).toBe(INLINE_FILE_BYTES + 5)
  })

  it.for([
    'https://example.com/a.png',
    'http://169.254.169.254/latest',
    'file:///etc/passwd',
    '//example.com/ai-chat/files/x',
    '/ai-chat/files/../stop',
    'https://example.com/ai-chat/files/01a1fcb8-c8f8-7feb-9f4d-ef5167a5f2bb',
  ])('at the address %s is never fetched', async (url) => {
    const response = await say([{ type: 'file', mediaType: 'image/png', url }])
    expect(await errorOf(response)).toMatchObject({
      status: 400,
      detail: expect.stringContaining('POST /ai-chat/files'),
    })
  })
})

describe('a message', () => {
  const text = { type: 'text', text: '0123456789' }
  const file = (size: number) => ({
    type: 'file',
    mediaType: 'image/png',
    url: `data:image/png;base64,${Buffer.from(bytesOf(size)).toString('base64')}`,
  })

  it('at its limits is taken', async () => {
    await chunksOf(await say([text, text, file(FILE_BYTES), file(1)]))
  })

  it.for([
    ['parts', [text, text, text, text, text], 400, 'A message has at most 4 parts.'],
    ['files', [file(1), file(1), file(1)], 400, 'A message has at most 2 files.'],
    ['text', [{ type: 'text', text: '0123456789a' }], 400, 'A text of a message has at most 10'],
    ['bytes', [file(FILE_BYTES + 1)], 413, 'A file has at most 300000 bytes.'],
  ] as const)('beyond its limit of %s is refused', async ([, parts, status, detail]) => {
    const problem = await errorOf(await say(parts))
    expect(problem).toMatchObject({ status, detail: expect.stringContaining(detail) })
  })
})

describe('a user', () => {
  const hold = () => {
    const barrier = createBarrier()
    const waiting = scriptedModel(async function* () {
      await barrier.wait()
      yield* [...textParts('Done'), finishPart()]
    })
    return { barrier, agent: defineAgent({ name: 'a', model: waiting }) }
  }

  it('has as many active runs as the limit says, and is told which', async () => {
    const { barrier, agent } = hold()
    await using busy = await serving(agent, { runLimits: { activeRuns: 2 } })
    const ask = (chatId: string) =>
      busy.post('/ai-chat', { chatId, message: { parts: [{ type: 'text', text: 'Hi' }] } })
    const answers = [await ask('c1'), await ask('c2')]
    const problem = await errorOf(await ask('c3'))
    expect(problem).toMatchObject({ status: 429, code: 'TOO_MANY_ACTIVE_RUNS' })
    expect(problem.activeRunIds).toHaveLength(2)
    expect((await busy.outlast.chats.messages(busy.outlast.principal, 'c3', {})).messages).toEqual(
      [],
    )
    barrier.release()
    for (const answer of answers) await chunksOf(answer)
    await chunksOf(await ask('c3'))
  })

  it('is told when to come again where too many runs wait', async () => {
    const { barrier, agent } = hold()
    await using busy = await serving(agent, { runLimits: { runs: 1, pendingRuns: 1 } })
    const ask = (chatId: string) =>
      busy.post('/ai-chat', { chatId, message: { parts: [{ type: 'text', text: 'Hi' }] } })
    const first = await ask('c1')
    await barrier.reached
    const second = await ask('c2')
    const refused = await ask('c3')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('10')
    const error = await errorOfResponse(refused)
    expect(error).toBeInstanceOf(QueueFullError)
    expect(error).toMatchObject({ retryAfter: 10, retryable: true })
    barrier.release()
    for (const answer of [first, second]) await chunksOf(answer)
    await chunksOf(await ask('c3'))
  })

  it('reads as many streams as the limit says; one that ends or is left makes room', async () => {
    const { barrier, agent } = hold()
    await using busy = await serving(agent, { runLimits: { readers: 2 } })
    const first = await busy.post('/ai-chat', {
      chatId: 'c1',
      message: { parts: [{ type: 'text', text: 'Hi' }] },
    })
    const leave = new AbortController()
    const attach = (signal?: AbortSignal) =>
      busy.get('/ai-chat/c1/stream', signal ? { signal } : {})
    await attach(leave.signal)
    expect(await errorOf(await attach())).toMatchObject({ status: 429, code: 'TOO_MANY_READERS' })
    const refused = await busy.post('/ai-chat', {
      chatId: 'c2',
      message: { parts: [{ type: 'text', text: 'Hi' }] },
    })
    expect(refused.status).toBe(429)
    expect(await busy.outlast.engine.latest(busy.outlast.principal, 'c2')).toBeUndefined()
    leave.abort()
    let third: Response | undefined
    await expect.poll(async () => (third = await attach()).status).toBe(200)
    barrier.release()
    await chunksOf(first)
    await chunksOf(third!)
    // Answers without a stream hold no place.
    for (let look = 0; look < 3; look += 1) expect((await attach()).status).toBe(204)
  })
})
