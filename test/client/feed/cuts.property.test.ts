import { setImmediate } from 'node:timers/promises'
import { tool } from 'ai'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import type { RunFrame } from '../../../src/client/feed/feed.ts'
import { createOwnFeed, type FeedOptions } from '../../../src/client/feed/own-feed.ts'
import { createSharedFeed } from '../../../src/client/feed/shared-feed.ts'
import type { RunRecord } from '../../../src/domain/run.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
} from '../../support/scripted-model.ts'
import {
  bothMessages,
  collected,
  feeding,
  followsOf,
  isFollow,
  never,
  until,
  type Feeding,
} from './feeding.ts'

/** What happens while runs are being read. */
type Happening =
  | { readonly kind: 'cut'; readonly how: 'reset' | 'fin' }
  /** The next connection ends after so many messages and bytes. */
  | {
      readonly kind: 'fault'
      readonly frames: number
      readonly bytes: number
      readonly ends: 'reset' | 'fin' | 'clean'
    }
  /** Another reader of a run, in a tab, from the offset of a frame that somebody has. */
  | { readonly kind: 'read'; readonly tab: number; readonly run: number; readonly from: number }
  | { readonly kind: 'follow'; readonly tab: number; readonly chat: number }
  /** The tab is closed, and another one opened that goes on with what it read. */
  | { readonly kind: 'close'; readonly tab: number }
  /** The models say so many parts more. */
  | { readonly kind: 'say'; readonly parts: number }

const TABS = 3

const tab = fc.nat({ max: TABS - 1 })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('cut' as const),
    how: fc.constantFrom('reset' as const, 'fin' as const),
  }),
  fc.record({
    kind: fc.constant('fault' as const),
    frames: fc.nat({ max: 12 }),
    bytes: fc.nat({ max: 60 }),
    ends: fc.constantFrom('reset' as const, 'fin' as const, 'clean' as const),
  }),
  fc.record({
    kind: fc.constant('read' as const),
    tab,
    run: fc.nat({ max: 1 }),
    from: fc.nat({ max: 20 }),
  }),
  fc.record({ kind: fc.constant('follow' as const), tab, chat: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant('close' as const), tab }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      parts: fc.integer({ min: 1, max: 30 }),
    }),
  },
)

const TEXT = Array.from({ length: 30 }, (_, index) => `${index} 🙂`)

/** Lets models say one part for each ticket. */
const ticketing = () => {
  let left = 0
  let waiting: (() => void)[] = []
  return {
    give: (count: number) => {
      left += count
      for (const wake of waiting.splice(0)) wake()
    },
    take: async () => {
      while (left <= 0) await new Promise<void>((resolve) => waiting.push(resolve))
      left -= 1
    },
    takeBack: () => {
      left = 0
      waiting = []
    },
  }
}

type Tickets = ReturnType<typeof ticketing>

/** Two steps with a call between them, in pieces that come one after the other. */
const agent = (tickets: Tickets) => {
  const model = scriptedModel(async function* (call) {
    const parts =
      call % 2 === 0
        ? [
            ...textParts(TEXT),
            ...toolCallParts({ id: `t${call}`, name: 'add', input: { a: 1 } }),
            finishPart('tool-calls'),
          ]
        : [...textParts(TEXT, { id: '1' }), finishPart()]
    for (const part of parts) {
      await tickets.take()
      await setImmediate()
      yield part
    }
  })
  const add = tool({ inputSchema: z.object({ a: z.number() }), execute: async ({ a }) => a + 1 })
  return defineAgent({ name: 'a', model, tools: { add } })
}

type Reading = {
  readonly tab: number
  readonly run: RunRecord
  /** What it began with. */
  readonly had: readonly RunFrame[]
  readonly frames: RunFrame[]
  readonly done: Promise<unknown>
}

let plays = 0

class Play {
  readonly #setting: Feeding
  readonly #tickets: Tickets
  readonly #create: (options: FeedOptions) => ReturnType<typeof createOwnFeed>
  readonly #feeds: ReturnType<typeof createOwnFeed>[] = []
  #readings: Reading[] = []
  #left = 0

  constructor(setting: Feeding, tickets: Tickets, isShared: boolean) {
    this.#setting = setting
    this.#tickets = tickets
    const scope = `p${(plays += 1)}`
    this.#create = (options) =>
      isShared ? createSharedFeed({ ...options, scope }) : createOwnFeed(options)
  }

  async play(happenings: readonly Happening[]): Promise<void> {
    const { outlast } = this.#setting.server
    for (let index = 0; index < TABS; index += 1) this.#feeds.push(this.#open())
    const runs = [0, 1].map((index) => outlast.ask('Count', `c${plays}-${index}`))
    for (const [index, run] of (await Promise.all(runs)).entries()) this.#read(index, run, [])
    for (const one of happenings) {
      await this.#happen(one)
      await setImmediate()
    }
    this.#tickets.give(Infinity)
    for (const reading of this.#readings) await this.#check(reading)
    this.#setting.network.heal()
    this.#tickets.takeBack()
    for (const feed of this.#feeds) feed.close()
  }

  #open() {
    return this.#setting.open(this.#create).feed
  }

  #read(index: number, run: RunRecord, had: readonly RunFrame[]): void {
    const frames: RunFrame[] = []
    const after = had.at(-1)?.offset ?? ''
    const done = collected(this.#feeds[index]!.read(run.id, after, never), frames)
    this.#left += 1
    void done.then(() => (this.#left -= 1))
    this.#readings.push({ tab: index, run, had, frames, done })
  }

  async #happen(one: Happening): Promise<void> {
    const { network } = this.#setting
    switch (one.kind) {
      case 'cut':
        await until(() => this.#left === 0 || followsOf(network).some(({ isOpen }) => isOpen))
        return network.cut(one.how)
      case 'fault':
        void network.next(
          { at: { frames: one.frames, bytes: one.bytes }, ends: one.ends },
          isFollow,
        )
        return
      case 'read': {
        const { run, had, frames } = this.#readings[one.run]!
        return this.#read(one.tab, run, [...had, ...frames].slice(0, one.from))
      }
      case 'follow':
        this.#feeds[one.tab]!.follow(`c${one.chat}`, () => {})
        return
      case 'close':
        return this.#close(one.tab)
      case 'say':
        return this.#tickets.give(one.parts)
      default:
        one satisfies never
    }
  }

  #close(index: number): void {
    this.#feeds[index]!.close()
    this.#feeds[index] = this.#open()
    const closed = this.#readings.filter((reading) => reading.tab === index)
    this.#readings = this.#readings.filter((reading) => reading.tab !== index)
    for (const { run, had, frames } of closed) this.#read(index, run, [...had, ...frames])
  }

  async #check({ run, had, frames, done }: Reading): Promise<void> {
    await done
    const { read, stored } = await bothMessages(this.#setting.server, run, [...had, ...frames])
    expect(read).toEqual(stored)
    const offsets = frames.map(({ offset }) => offset)
    expect(new Set(offsets).size).toBe(offsets.length)
  }
}

it.each([
  ['connections of their own', false],
  ['one connection for all tabs', true],
])(
  'with %s, whatever breaks, each reader gets the rest of its run once and in order',
  async (_, isShared) => {
    const tickets = ticketing()
    await using setting = await feeding(agent(tickets))
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 16 }), (happenings) =>
        new Play(setting, tickets, isShared).play(happenings),
      ),
      { numRuns: 20 },
    )
    expect(setting.server.errors).toEqual([])
  },
)
