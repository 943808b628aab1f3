/** Requests that are wrong in ways that no schema sees. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { INLINE_FILE_BYTES } from '../../src/domain/file.ts'
import { errorOf } from '../support/problem.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chunksOf, serving, type Serving } from './serving.ts'

let server: Serving
beforeAll(async () => {
  const model = scriptedModel(() => [...textParts('Done'), finishPart()])
  const callOptionsSchema = z.looseObject({})
  server = await serving(defineAgent({ name: 'a', model, callOptionsSchema }))
})
afterAll(async () => {
  const { errors } = server
  await server[Symbol.asyncDispose]()
  expect(errors).toEqual([])
})

const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`

const sayWith = (options: string) =>
  server.get('/ai-chat', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"chatId":"${crypto.randomUUID()}","message":{"parts":[{"type":"text","text":"Hi"}]},"options":{"a":${options}}}`,
  })

it.each([1000, 100_000])('a body nested %i levels deep is refused', async (depth) => {
  const { status, detail } = await errorOf(await sayWith(nested(depth)))
  expect({ status, detail }).toEqual({
    status: 400,
    detail: 'The body is nested too deeply: it has at most 500 levels.',
  })
})

it('a body that is nested as deeply as data is, is taken', async () => {
  expect(await chunksOf(await sayWith(nested(100)))).toContainEqual({ type: 'finish' })
})

it.each([10, INLINE_FILE_BYTES + 10])(
  'a file of %i bytes loses what no name has: NUL, line breaks, halves of pairs',
  async (size) => {
    const chatId = crypto.randomUUID()
    const url = `data:text/plain;base64,${Buffer.alloc(size, size).toString('base64')}`
    const filename = 'a\0b\r\nc\ud800.txt'
    const part = { type: 'file', mediaType: 'text/plain', filename, url }
    await chunksOf(await server.post('/ai-chat', { chatId, message: { parts: [part] } }))
    const history = await server.get(`/ai-chat/${chatId}/messages`)
    const { messages } = (await history.json()) as { messages: { parts: object[] }[] }
    expect(messages[0]?.parts).toMatchObject([{ filename: 'abc\ufffd.txt' }])
  },
)

it('an upload whose name is nothing but control characters has none', async () => {
  const response = await server.get('/ai-chat/files?filename=%00%0D%0A', {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'A file.',
  })
  expect(await response.json()).toMatchObject({ filename: null })
})

it('a name that would be shown backwards is not', async () => {
  const filename = encodeURIComponent('gpj.\u202Eexe.html')
  const response = await server.get(`/ai-chat/files?filename=${filename}`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'Another file.',
  })
  expect(await response.json()).toMatchObject({ filename: 'gpj.exe.html' })
})

it.each(['/ai-chat/run', '/ai-chat/files'])('a compressed body is refused at %s', async (path) => {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: gzipSync('{"chatId":"c1"}'),
  }
  const { status, code, detail } = await errorOf(await server.get(path, request))
  expect({ status, code }).toEqual({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' })
  expect(detail).toBe('A body is sent as it is, without a content-encoding such as gzip.')
})
