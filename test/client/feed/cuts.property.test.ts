import fc from 'fast-check'
import { expect, it } from 'vitest'
import { defineAgent } from '../../../src/agent/define-agent.ts'
import type { RunFrame } from '../../../src/client/feed/feed.ts'
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
import { setImmediate } from 'node:timers/promises'
import { tool } from 'ai'
import { z } from 'zod'

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
  /** Another reader of a run, from the offset of a frame that somebody has. */
  | { readonly kind: 'read'; readonly run: number; readonly from: number }
  | { readonly kind: 'follow'; readonly chat: number }
  /** The models say so many parts more. */
  | { readonly kind: 'say'; readonly parts: number }

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
    run: fc.nat({ max: 1 }),
    from: fc.nat({ max: 20 }),
  }),
  fc.record({ kind: fc.constant('follow' as const), chat: fc.nat({ max: 3 }) }),
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

let chats = 0

const play = async (setting: Feeding, tickets: Tickets, happenings: readonly Happening[]) => {
  const { network, server } = setting
  const { feed } = setting.open()
  const runs = await Promise.all([0, 1].map(() => server.outlast.ask('Count', `c${(chats += 1)}`)))
  const readings = runs.map((run) => {
    const frames: RunFrame[] = []
    return {
      run,
      had: [] as RunFrame[],
      frames,
      done: collected(feed.read(run.id, '', never), frames),
    }
  })
  let isOver = false
  void Promise.all(readings.map(({ done }) => done)).then(() => (isOver = true))
  const connected = () => until(() => isOver || followsOf(network).some(({ isOpen }) => isOpen))
  for (const one of happenings) {
    if (one.kind === 'cut') {
      await connected()
      network.cut(one.how)
    }
    if (one.kind === 'fault')
      void network.next({ at: { frames: one.frames, bytes: one.bytes }, ends: one.ends }, isFollow)
    else if (one.kind === 'follow') feed.follow(`c${one.chat}`, () => {})
    else if (one.kind === 'read') {
      const { run, frames: known } = readings[one.run]!
      const had = known.slice(0, one.from)
      const frames: RunFrame[] = []
      const after = had.at(-1)?.offset ?? ''
      readings.push({ run, had, frames, done: collected(feed.read(run.id, after, never), frames) })
    } else if (one.kind === 'say') tickets.give(one.parts)
    await connected()
    await setImmediate()
  }
  tickets.give(Infinity)
  for (const { run, had, frames, done } of readings) {
    await done
    const { read, stored } = await bothMessages(server, run, [...had, ...frames])
    expect(read).toEqual(stored)
    const offsets = frames.map(({ offset }) => offset)
    expect(new Set(offsets).size).toBe(offsets.length)
  }
  network.heal()
  tickets.takeBack()
  feed.close()
}

it('whatever breaks, each reader gets the rest of its run once and in order', async () => {
  const tickets = ticketing()
  await using setting = await feeding(agent(tickets))
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 16 }), (happenings) =>
      play(setting, tickets, happenings),
    ),
    { numRuns: 25 },
  )
  expect(setting.server.errors).toEqual([])
})
