/** Two clients say, change, repeat and stop things in one chat at random, also at once; a model knows what must come of it. */
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { textOf } from '../../src/domain/message.ts'
import { OutlastError, RunAlreadyActiveError } from '../../src/domain/errors.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import type { TurnRequest } from '../../src/domain/turn.ts'
import { createBarrier, type Barrier } from '../support/barrier.ts'
import {
  begin,
  EMPTY_CHAT,
  historyOf,
  predict,
  settle,
  type ChatModel,
  type Outcome,
} from '../support/chat-model.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

/** Numbers choose among what there is: texts, the messages that a client has seen, the requests made so far. */
type Wish =
  | { readonly kind: 'say'; readonly text: number }
  | { readonly kind: 'edit'; readonly which: number; readonly text: number }
  | { readonly kind: 'regenerate'; readonly which: number | undefined }
  | { readonly kind: 'repeat'; readonly which: number }

type Move =
  | { readonly kind: 'one'; readonly by: number; readonly wish: Wish }
  | { readonly kind: 'both'; readonly wishes: readonly [Wish, Wish] }
  | { readonly kind: 'look'; readonly by: number }
  | { readonly kind: 'finish' | 'stop' }

const which = fc.nat({ max: 20 })
const text = fc.nat({ max: 2 })
const wish: fc.Arbitrary<Wish> = fc.oneof(
  fc.record({ kind: fc.constant('say'), text }),
  fc.record({ kind: fc.constant('edit'), which, text }),
  fc.record({
    kind: fc.constant('regenerate'),
    which: fc.option(which, { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('repeat'), which }),
)
const by = fc.constantFrom(0, 1)
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('one'), by, wish }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('both'), wishes: fc.tuple(wish, wish) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look'), by }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('finish', 'finish', 'stop') }) },
)

let outlast: TestOutlast
let gate: Barrier

beforeAll(async () => {
  const model = scriptedModel(async function* (_call, { abortSignal }) {
    const stopped = Promise.withResolvers<void>()
    abortSignal?.addEventListener('abort', () => stopped.resolve(), { once: true })
    await Promise.race([gate.wait(), stopped.promise])
    abortSignal?.throwIfAborted()
    yield* [...textParts('Done'), finishPart()]
  })
  outlast = await testOutlast([defineAgent({ name: 'a', model })])
})
afterAll(() => outlast[Symbol.asyncDispose]())

type Answered = {
  readonly request: TurnRequest
  readonly outcome: Outcome
  readonly run?: RunRecord
}

/** A chat, its two clients and what the model says of it. */
class Play {
  readonly #chatId = randomUUID()
  readonly #requests: TurnRequest[] = []
  readonly #seen: [readonly string[], readonly string[]] = [[], []]
  #model: ChatModel = EMPTY_CHAT

  async move(move: Move): Promise<void> {
    switch (move.kind) {
      case 'one':
        return this.#explain([await this.#ask(this.#requestOf(move.wish, move.by))])
      case 'both': {
        const requests = move.wishes.map((wish, by) => this.#requestOf(wish, by))
        return this.#explain(await Promise.all(requests.map((request) => this.#ask(request))))
      }
      case 'look':
        this.#seen[move.by as 0 | 1] = this.#model.messages.map(({ id }) => id)
        return
      default:
        return this.#end(move.kind)
    }
  }

  /** INVARIANT: one active run at most, and a linear history without anything that was replaced. */
  async check(): Promise<void> {
    const { principal, db } = outlast
    const { messages, activeRun } = await outlast.chats.messages(principal, this.#chatId, {})
    const told = messages.filter(({ role }) => role === 'user').map(({ parts }) => textOf(parts))
    const expected = historyOf(this.#model)
    expect(messages.map(({ role, id }) => [role, id])).toEqual(
      expected.map(({ role, id }) => [role, id]),
    )
    expect(told).toEqual(expected.filter(({ role }) => role === 'user').map((said) => said.text))
    expect(activeRun?.id).toBe(this.#model.active?.id)
    const kept = await db
      .selectFrom('aiChatMessages')
      .innerJoin('aiChats', 'aiChats.id', 'aiChatMessages.chatId')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('aiChats.publicId', '=', this.#chatId)
      .executeTakeFirstOrThrow()
    expect(Number(kept.count)).toBe(this.#model.messages.length + this.#model.replaced.length)
  }

  async #end(how: 'finish' | 'stop'): Promise<void> {
    const { active } = this.#model
    if (!active) return
    const { engine, principal } = outlast
    const target = { runId: active.id }
    if (how === 'stop') expect(await engine.stop(principal, target)).toBe(true)
    else gate.release()
    const attachment = await engine.attach(principal, target)
    for await (const _ of attachment!.frames(new AbortController().signal));
    gate = createBarrier()
    this.#model = settle(this.#model)
  }

  close(): Promise<void> {
    return this.#end('finish')
  }

  #requestOf(wish: Wish, by: number): TurnRequest {
    const seen = this.#seen[by as 0 | 1]
    const pick = <T>(from: readonly T[], index: number): T | undefined => from[index % from.length]
    const parts = (text: number) => [{ type: 'text', text: `Text ${text}` }]
    const fresh = (text: number): TurnRequest => ({
      kind: 'new',
      message: { id: `m${this.#requests.length}`, parts: parts(text) },
    })
    const request = ((): TurnRequest => {
      switch (wish.kind) {
        case 'say':
          return fresh(wish.text)
        case 'edit': {
          const messageId = pick(seen, wish.which) ?? 'unknown'
          return { kind: 'edit', messageId, message: { parts: parts(wish.text) } }
        }
        case 'regenerate': {
          const messageId = wish.which === undefined ? undefined : pick(seen, wish.which)
          return { kind: 'regenerate', messageId }
        }
        default:
          return pick(this.#requests, wish.which) ?? fresh(0)
      }
    })()
    this.#requests.push(request)
    return request
  }

  async #ask(request: TurnRequest): Promise<Answered> {
    const { engine, principal } = outlast
    try {
      const turn = { principal, chatId: this.#chatId, ...request }
      const { run, started } = await engine.startTurn(turn)
      if (!started) return { request, outcome: { kind: 'attach', runId: run.id } }
      return { request, outcome: { kind: 'start' }, run }
    } catch (error) {
      if (!(error instanceof OutlastError)) throw error
      const { code } = error
      const isActive = error instanceof RunAlreadyActiveError
      const named = isActive ? { activeRunId: error.activeRunId } : {}
      return { request, outcome: { kind: 'refused', code, ...named } }
    }
  }

  /** Requests that were made at once have been answered in some order. */
  #explain(answered: readonly Answered[]): void {
    const orders = [answered, answered.toReversed()]
    const explained = orders.map((order) => explain(this.#model, order))
    const model = explained.find((one) => one !== undefined)
    if (!model)
      expect(answered).toEqual(answered.map(({ request }) => predict(this.#model, request)))
    this.#model = model!
  }
}

const explain = (chat: ChatModel, answered: readonly Answered[]): ChatModel | undefined => {
  let model = chat
  for (const { request, outcome, run } of answered) {
    const expected = predict(model, request)
    if (JSON.stringify(expected) !== JSON.stringify(outcome)) return undefined
    if (run) model = begin(model, request, { runId: run.id, answerId: run.assistantMessageId! })
  }
  return model
}

it('whatever two clients do, the chat is what the rules make of it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 25, size: 'max' }), async (moves) => {
      gate = createBarrier()
      const play = new Play()
      for (const one of moves) {
        await play.move(one)
        await play.check()
      }
      await play.close()
      await play.check()
    }),
    { numRuns: 25 },
  )
  expect(outlast.errors).toEqual([])
}, 120_000)
