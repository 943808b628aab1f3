import { describe, expect, it, vi } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { Attachment, EngineApi } from '../../src/engine/api.ts'
import { createHttpApp } from '../../src/http/app.ts'
import { readSse } from '../../src/protocol/sse-decoder.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts, storedParts } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import {
  chunksOf,
  jsonPost,
  messagesOf,
  PRINCIPAL,
  serving,
  turn,
  type Serving,
} from './serving.ts'

/** Says something, then waits until it is let go on; `aborted` once its model call was. */
const waiting = () => {
  const barrier = createBarrier()
  const aborted = Promise.withResolvers<void>()
  const model = scriptedModel(async function* (_call, { abortSignal }) {
    abortSignal?.addEventListener('abort', () => aborted.resolve())
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'First' }
    await barrier.wait()
    yield { type: 'text-delta', id: '0', delta: ', then last' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { agent: defineAgent({ name: 'a', model }), barrier, aborted: aborted.promise }
}

const latest = async ({ outlast }: Serving) => {
  const found = await outlast.engine.latest(PRINCIPAL, 'c1')
  return { run: found!.run!, message: found!.message }
}

/** Polls, for as long as a busy machine may need. */
const until = (check: () => boolean | Promise<boolean>) =>
  vi.waitUntil(check, { timeout: 20_000, interval: 10 })

/** Reads until the text of the model arrives. */
const untilText = async (response: Response, text = 'First') => {
  for await (const { data } of readSse(response.body!)) if (data.includes(text)) return
}

/** Counts the tails that readers of the app hold. */
const countingTails = () => {
  const tails = { open: 0 }
  const counted = (attachment: Attachment): Attachment => ({
    run: attachment.run,
    get ended() {
      return attachment.ended
    },
    async *frames(signal) {
      tails.open += 1
      try {
        yield* attachment.frames(signal)
      } finally {
        tails.open -= 1
      }
    },
  })
  const decorate = (engine: EngineApi): EngineApi => ({
    ...engine,
    attach: async (...args) => {
      const attachment = await engine.attach(...args)
      return attachment && counted(attachment)
    },
    attachOwn: async (...args) => counted(await engine.attachOwn(...args)),
  })
  return { tails, decorate }
}

describe('a disconnect', () => {
  it('is nothing to the run, which a later reader sees to its end', async () => {
    const { agent, barrier } = waiting()
    const { tails, decorate } = countingTails()
    await using server = await serving(agent, { decorate })
    await untilText(await server.post('/ai-chat', turn('c1', 'Hi')))
    await until(() => tails.open === 0)
    expect((await latest(server)).run.status).toBe('running')
    const back = await server.get('/ai-chat/c1/stream')
    barrier.release()
    expect(await messageParts(await chunksOf(back))).toMatchObject([
      { type: 'step-start' },
      { type: 'text', text: 'First, then last' },
    ])
    expect((await latest(server)).run).toMatchObject({ status: 'succeeded', stopRequestedAt: null })
  })

  it('of many readers leaves no tail and no timer behind', async () => {
    const { agent, barrier } = waiting()
    const { tails, decorate } = countingTails()
    await using server = await serving(agent, { decorate })
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const begun = vi.spyOn(globalThis, 'setInterval')
    const cleared = vi.spyOn(globalThis, 'clearInterval')
    const leave = new AbortController()
    const readers = await Promise.all(
      Array.from({ length: 40 }, () => server.get('/ai-chat/c1/stream', { signal: leave.signal })),
    )
    expect(readers.every(({ status }) => status === 200)).toBe(true)
    await until(() => tails.open === 41)
    leave.abort()
    await until(() => tails.open === 1)
    const silences = begun.mock.results.map(({ value }) => value as unknown)
    expect(silences.length).toBeGreaterThanOrEqual(40)
    await until(() => {
      const over = new Set(cleared.mock.calls.map(([timer]) => timer as unknown))
      return silences.every((timer) => over.has(timer))
    })
    vi.restoreAllMocks()
    barrier.release()
    await chunksOf(first)
    expect(server.errors).toEqual([])
  })

  it('of a slow reader and its pace are nothing to the run either', async () => {
    const size = 20_000_000
    const delta = 'x'.repeat(100_000)
    const model = scriptedModel(function* () {
      yield { type: 'text-start', id: '0' }
      for (let sent = 0; sent < size; sent += delta.length)
        yield { type: 'text-delta', id: '0', delta }
      yield { type: 'text-end', id: '0' }
      yield finishPart()
    })
    const runLimits = { stepChars: size + 1000, answerChars: size + 1000 }
    await using server = await serving(defineAgent({ name: 'a', model }), { runLimits })
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await until(async () => (await latest(server)).run.status === 'succeeded')
    const parts = await messageParts(await chunksOf(response))
    expect(parts.map((part) => (part.type === 'text' ? part.text.length : 0))).toEqual([0, size])
  })
})

describe('a workspace without autonomous runs', () => {
  const options = { autonomousRuns: false }

  it('streams as usual while its request lasts', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent, options)
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    barrier.release()
    expect((await chunksOf(response)).at(-1)).toEqual({ type: 'finish' })
    expect((await latest(server)).run.status).toBe('succeeded')
  })

  it('takes the disconnect of the request for a stop', async () => {
    const { agent, barrier, aborted } = waiting()
    await using server = await serving(agent, options)
    await untilText(await server.post('/ai-chat', turn('c1', 'Hi')))
    await aborted
    await until(async () => (await latest(server)).run.finishedAt !== null)
    const { run, message } = await latest(server)
    expect(run).toMatchObject({ status: 'aborted', stopRequestedAt: expect.any(String) })
    expect(message?.parts).toMatchObject([{ type: 'step-start' }, { type: 'text', text: 'First' }])
    barrier.release()
  })

  it('has nothing to attach to, and its stop route works', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent, options)
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    expect((await server.get('/ai-chat/c1/stream')).status).toBe(204)
    const { run } = await latest(server)
    expect((await server.get(`/ai-chat/runs/${run.id}/stream`)).status).toBe(204)
    const stopped = await server.post('/ai-chat/stop', { runId: run.id })
    expect(await stopped.json()).toEqual({ stopped: true })
    expect((await chunksOf(response)).at(-2)).toEqual({ type: 'abort' })
  })

  it('lets a repeated request watch and leave without a stop', async () => {
    const { agent, barrier } = waiting()
    const { tails, decorate } = countingTails()
    await using server = await serving(agent, { ...options, decorate })
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await untilText(await server.post('/ai-chat', turn('c1', 'Hi')))
    await until(() => tails.open === 1)
    barrier.release()
    expect((await chunksOf(first)).at(-1)).toEqual({ type: 'finish' })
    expect((await latest(server)).run).toMatchObject({ status: 'succeeded', stopRequestedAt: null })
  })

  it('stops a run whose client left before the stream began', async () => {
    const { agent, barrier } = waiting()
    const door = createBarrier()
    const decorate = (engine: EngineApi): EngineApi => ({
      ...engine,
      startTurn: async (next) => {
        await door.wait()
        return engine.startTurn(next)
      },
    })
    await using server = await serving(agent, { ...options, decorate })
    const leave = new AbortController()
    const response = server.post('/ai-chat', turn('c1', 'Hi'), { signal: leave.signal })
    await door.reached
    leave.abort()
    await expect(response).rejects.toThrow('aborted')
    door.release()
    await until(async () => {
      const found = await server.outlast.engine.latest(PRINCIPAL, 'c1')
      return found?.run?.status === 'aborted'
    })
    barrier.release()
  })
})

describe('an unfinished stream', () => {
  it('is broken off and never ended cleanly when the server closes', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const messages = messagesOf(response)
    messages.catch(() => undefined)
    await server.outlast.close(0)
    await expect(messages).rejects.toThrow('terminated')
    barrier.release()
  })

  it('is broken off when its tail fails, and the failure is reported', async () => {
    const { agent, barrier } = waiting()
    const failure = new TypeError('no news')
    const decorate = (engine: EngineApi): EngineApi => ({
      ...engine,
      attachOwn: async (run) => ({
        run,
        ended: false,
        async *frames() {
          yield [{ position: { epoch: 0, n: 0, lens: [] }, chunk: { type: 'start-step' } }]
          throw failure
        },
      }),
    })
    await using server = await serving(agent, { decorate })
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    await expect(messagesOf(response)).rejects.toThrow('terminated')
    expect(server.errors).toEqual([failure])
    barrier.release()
  })

  it('says that it is alive', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent, { limits: { keepAliveMs: 5 } })
    const response = await server.post('/ai-chat', turn('c1', 'Hi'))
    let text = ''
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece
      // The model may take its time too; it is the silence after it that counts.
      const silence = text.split('"delta":"First"')[1] ?? ''
      if (silence.split(': keep-alive\n\n').length > 3) break
    }
    expect(text).toContain('"delta":"First"')
    barrier.release()
  })
})

describe('the app without a socket', () => {
  const appOf = (server: Serving, errors: Error[] = []) =>
    createHttpApp({
      ...server.outlast,
      authenticate: async () => PRINCIPAL,
      onError: (error) => errors.push(error),
    })

  it('answers a Request with a stream of the same chunks', async () => {
    const model = scriptedModel(() => [...textParts('Hello'), finishPart()])
    await using server = await serving(defineAgent({ name: 'a', model }))
    const response = await appOf(server).request('/ai-chat', jsonPost(turn('c1', 'Hi')))
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const parts = await messageParts(await chunksOf(response))
    const run = await server.outlast.engine.startTurn({
      principal: PRINCIPAL,
      chatId: 'c1',
      message: { id: 'c1-m1', parts: [{ type: 'text', text: 'Hi' }] },
    })
    expect(parts).toEqual(await storedParts(server.outlast, run.run))
  })

  it('stops a bound run when the body is cancelled or the request aborted', async () => {
    for (const how of ['cancel', 'abort']) {
      const { agent, barrier, aborted } = waiting()
      await using server = await serving(agent, { autonomousRuns: false })
      const request = new AbortController()
      const response = await appOf(server).request('/ai-chat', {
        ...jsonPost(turn('c1', 'Hi')),
        signal: request.signal,
      })
      await barrier.reached
      if (how === 'cancel') await response.body!.cancel()
      else request.abort()
      await aborted
      await until(async () => (await latest(server)).run.status === 'aborted')
      expect((await latest(server)).run.stopRequestedAt, how).not.toBeNull()
      barrier.release()
    }
  })

  it('fails the body of an unfinished stream', async () => {
    const { agent, barrier } = waiting()
    await using server = await serving(agent)
    const response = await appOf(server).request('/ai-chat', jsonPost(turn('c1', 'Hi')))
    await barrier.reached
    const messages = messagesOf(response)
    messages.catch(() => undefined)
    await server.outlast.close(0)
    await expect(messages).rejects.toMatchObject({ code: 'ENGINE_STOPPING' })
    barrier.release()
  })

  it('opens no stream for HEAD', async () => {
    const { agent, barrier } = waiting()
    const { tails, decorate } = countingTails()
    await using server = await serving(agent, { decorate })
    const first = await server.post('/ai-chat', turn('c1', 'Hi'))
    await barrier.reached
    const head = await server.get('/ai-chat/c1/stream', { method: 'HEAD' })
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(tails.open).toBe(1)
    barrier.release()
    await chunksOf(first)
  })
})
