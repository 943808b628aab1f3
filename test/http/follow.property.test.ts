/**
 * Whatever is said, changed, stopped and removed, and wherever connections break: who follows a chat by the rules of
 * PROTOCOL.md shows in the end what the server has.
 */
import { tool } from 'ai'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { UiMessage } from '../../src/engine/api.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import type { EnvelopeOf, Envelope } from '../support/follower.ts'
import { messageParts } from '../support/engine.ts'
import { readSse } from '../../src/protocol/sse-decoder.ts'
import { finishPart, scriptedModel, toolCallParts } from '../support/scripted-model.ts'
import { serving, type Serving } from './serving.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Speaks in pieces, with a tool in between, and takes its time. */
const model = scriptedModel(async function* (call, { prompt }) {
  const hasLooked = prompt.at(-1)?.role === 'tool'
  yield { type: 'text-start', id: '0' }
  for (let piece = 0; piece < 12; piece++) {
    yield { type: 'text-delta', id: '0', delta: `${call}.${piece} ` }
    await turn()
  }
  yield { type: 'text-end', id: '0' }
  if (!hasLooked && call % 2 === 0) {
    yield* toolCallParts({ id: `look-${call}`, name: 'look', input: {} })
    return yield finishPart('tool-calls')
  }
  yield finishPart()
})
const look = tool({ inputSchema: z.object({}), execute: async () => 'seen' })

let server: Serving
beforeAll(async () => {
  server = await serving(defineAgent({ name: 'a', model, tools: { look } }))
})
afterAll(() => server[Symbol.asyncDispose]())

const historyOf = async (chatId: string) => {
  const answer = await server.get(`/ai-chat/${chatId}/messages`)
  return (await answer.json()) as { messages: UiMessage[]; activeRun: { id: string } | null }
}

/** A message that was read from its run, or that the history had. */
type Shown = UiMessage | { readonly id: string; readonly runId: string }
type Reading = { readonly chunks: Chunk[]; offset?: string; ended: boolean }

/** A client that follows one chat, whose connections break. */
class Mirror {
  readonly #chatId: string
  /** After how many messages each connection breaks; those after them stay. */
  readonly #cuts: number[]
  #messages: Shown[] = []
  readonly #readings = new Map<string, Reading>()
  #run: EnvelopeOf<'run'>['run'] = null
  #connections = 0
  #awaited: { readonly runId: string | undefined; readonly resolve: () => void } | undefined
  readonly #leaving = new AbortController()
  #following = Promise.resolve()

  constructor(chatId: string, cuts: readonly number[]) {
    this.#chatId = chatId
    this.#cuts = [...cuts]
  }

  get connections(): number {
    return this.#connections
  }

  /** Follows from now on, through any number of connections. */
  follow(): void {
    this.#following = this.#follow()
  }

  /** Until it shows how this run has ended; undefined: that the chat is gone. */
  async until(runId: string | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#awaited = { runId, resolve }
    this.#look()
    await Promise.race([promise, this.#following])
  }

  async shown(): Promise<unknown[]> {
    const shown = this.#messages.map(async (message) => {
      if ('role' in message) return plain(message)
      const parts = await messageParts(this.#readings.get(message.runId)!.chunks)
      return { id: message.id, role: 'assistant', parts }
    })
    return Promise.all(shown)
  }

  async leave(): Promise<void> {
    this.#leaving.abort()
    await this.#following
  }

  #look(): void {
    const { runId, resolve } = this.#awaited ?? {}
    const isSettled = /succeeded|failed|aborted/.test(this.#run?.status ?? '')
    const isRead = [...this.#readings.values()].every(({ ended }) => ended)
    if (this.#run?.id === runId && isRead && (isSettled || !runId)) resolve?.()
  }

  async #follow(): Promise<void> {
    while (!this.#leaving.signal.aborted) {
      const connection = new AbortController()
      const signal = AbortSignal.any([connection.signal, this.#leaving.signal])
      try {
        await this.#connect(signal)
      } catch (error) {
        if (!this.#leaving.signal.aborted) throw error
      } finally {
        connection.abort()
      }
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    this.#connections += 1
    const open = [...this.#readings].filter(([, { ended }]) => !ended)
    const runs = open.map(([id, { offset }]) => (offset === undefined ? id : `${id}/${offset}`))
    const query = [`chat=${this.#chatId}`, ...runs.map((run) => `run=${run}`)].join('&')
    let left = this.#cuts.shift() ?? Number.POSITIVE_INFINITY
    const answer = await fetch(`${server.url}/ai-chat/follow?${query}`, { signal })
    for await (const { data } of readSse(answer.body!)) {
      const known = this.#readings.size
      const readers = open.map(([id]) => id)
      await this.#hear(JSON.parse(data) as Envelope, readers)
      this.#look()
      if ((left -= 1) === 0 || this.#readings.size > known) return
    }
  }

  async #hear(told: Envelope, readers: readonly string[]): Promise<void> {
    if (told.type === 'run') await this.#show(told)
    if (told.type === 'removed' && told.chatId === this.#chatId) {
      this.#messages = []
      this.#run = null
    }
    if (told.type === 'chunk') {
      const reading = this.#readings.get(told.runId)!
      reading.chunks.push(told.chunk)
      reading.offset = told.offset
    }
    // Of a chat that was removed: there is nothing more to come.
    if (told.type === 'problem') expect(told.problem.code).toBe('RUN_NOT_FOUND')
    if (told.type === 'end' || told.type === 'problem')
      this.#readings.get(readers[told.reader]!)!.ended = true
  }

  async #show({ run, question, previousMessageId }: EnvelopeOf<'run'>): Promise<void> {
    const isNew = run !== null && run.id !== this.#run?.id
    this.#run = run
    if (run === null) this.#messages = []
    if (!isNew || this.#readings.has(run.id)) return
    const before = this.#messages.findIndex(({ id }) => id === previousMessageId)
    if (previousMessageId === null || before >= 0)
      this.#messages = [...this.#messages.slice(0, before + 1), question as UiMessage]
    else {
      const { messages, activeRun } = await historyOf(this.#chatId)
      this.#messages = messages
      if (messages.some(({ id }) => id === run.assistantMessageId)) return
      // It is not the latest one any more: that one will be told.
      if (activeRun?.id !== run.id) return
    }
    this.#messages.push({ id: run.assistantMessageId!, runId: run.id })
    this.#readings.set(run.id, { chunks: [], ended: false })
  }
}

const plain = ({ id, role, parts }: UiMessage) => ({ id, role, parts })

const act = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'say' as const, at: 0 }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), at: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), at: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'remove' as const, at: 0 }) },
)
const acts = fc.array(
  fc.record({ act, next: fc.constantFrom('wait', 'stop', 'go on', 'go on'), ticks: fc.nat(20) }),
  { minLength: 1, maxLength: 6 },
)
type Act = { readonly kind: 'say' | 'edit' | 'again' | 'remove'; readonly at: number }

let said = 0

/** The id of the run that was begun; null when there was nothing to do it to. */
const perform = async (chatId: string, { kind, at }: Act): Promise<string | undefined | null> => {
  if (kind === 'remove') {
    const gone = await server.get(`/ai-chat/${chatId}`, { method: 'DELETE' })
    return gone.status === 204 ? undefined : null
  }
  const { messages } = await historyOf(chatId)
  const asked = messages.filter(({ role }) => role === 'user')
  const target = asked[at % Math.max(asked.length, 1)]
  const text = `Message ${(said += 1)}`
  const message = { id: `m${said}`, parts: [{ type: 'text', text }] }
  if (kind !== 'say' && !target) return null
  const body = {
    say: { message },
    edit: { message, messageId: target?.id },
    again: { messageId: target?.id, trigger: 'regenerate-message' },
  }[kind]
  const answer = await server.post('/ai-chat', { chatId, ...body })
  if (answer.status === 409) {
    await server.post('/ai-chat/stop', { chatId })
    return perform(chatId, { kind, at })
  }
  expect(answer.status).toBe(200)
  await answer.body?.cancel()
  return answer.headers.get('x-outlast-run')!
}

it('a client shows what the server has, whatever breaks', { timeout: 300_000 }, async () => {
  let chats = 0
  let connections = 0
  await fc.assert(
    fc.asyncProperty(
      acts,
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
      async (all, cuts) => {
        const chatId = `chat-${(chats += 1)}`
        const mirror = new Mirror(chatId, cuts)
        mirror.follow()
        let last: string | undefined
        for (const { act: one, next, ticks } of all) {
          const begun = await perform(chatId, one)
          if (begun === null) continue
          last = begun
          for (let tick = 0; tick < ticks; tick++) await turn()
          if (next === 'stop') await server.post('/ai-chat/stop', { chatId })
          if (next === 'wait') await mirror.until(last)
        }
        await mirror.until(last)
        const { messages } = await historyOf(chatId)
        expect(await mirror.shown()).toEqual(messages.map(plain))
        connections += mirror.connections
        await mirror.leave()
      },
    ),
    {
      seed: Number(process.env['FOLLOW_SEED'] ?? 1),
      numRuns: Number(process.env['FOLLOW_RUNS'] ?? 40),
    },
  )
  // Otherwise nothing was broken.
  expect(connections).toBeGreaterThan(chats * 2)
  expect(server.errors).toEqual([])
})
