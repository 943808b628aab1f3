/** Wherever a turn ends, the next one is accepted by the same provider and by every other one. */
import { tool } from 'ai'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { z } from 'zod'
import { type Barrier, createBarrier } from '../support/barrier.ts'
import { PROVIDER_NAMES, type ProviderName } from '../support/providers/all.ts'
import * as say from '../support/providers/words.ts'
import { type Chats, startChats, type Turn } from './support/chats.ts'

const { think, text, call, search, open, end, hang, broken, cut, error } = say

/** Tools that hang, by the name of their call's path. */
const inTool = new Map<string, Barrier>()
const inputSchema = z.object({ path: z.string() })
const tools = {
  look: tool({ inputSchema, execute: async ({ path }) => `I saw ${path}` }),
  wait: tool({ inputSchema, execute: ({ path }) => inTool.get(path)!.wait() }),
}

const look = call('look', { path: 'a' })
const thought = think('Let me see')

type Ending = {
  readonly answers: readonly say.Answer[]
  /** Waits for the right moment and acts; otherwise the turn ends by itself. */
  readonly act?: (turn: Turn) => Promise<void>
  /** Providers that can end like this; all unless set. */
  readonly only?: readonly ProviderName[]
}

const stopAt =
  (barrier: Barrier) =>
  async (turn: Turn): Promise<void> => {
    turn.begin()
    await barrier.reached
    await turn.stop()
  }

const stopInHang = (...answers: readonly (readonly say.Word[])[]): Ending => {
  const at = createBarrier()
  const last = answers.at(-1)!
  return { answers: [...answers.slice(0, -1), [...last, hang(at)]], act: stopAt(at) }
}

const stopInTool = (): Ending => {
  const path = `path-${inTool.size}`
  const barrier = createBarrier()
  inTool.set(path, barrier)
  return { answers: [[thought, call('wait', { path }), end('calls')]], act: stopAt(barrier) }
}

const stopBeforeTools = (): Ending => ({
  answers: [[thought, text('I look.'), look, end('calls')]],
  act: async (turn) => {
    const hold = turn.holdAfterStep()
    turn.begin()
    await hold.reached
    await turn.stop()
    hold.release()
  },
})

const WITH_SEARCH: readonly ProviderName[] = ['OpenAI, stored', 'OpenAI, not stored', 'Anthropic']
const STREAMS_JSON = PROVIDER_NAMES.filter((name) => name !== 'Google')

const ENDINGS: Readonly<Record<string, () => Ending>> = {
  'a stop before the first word': () => stopInHang([]),
  'a stop in a reasoning': () => stopInHang([open(thought)]),
  'a stop after a reasoning': () => stopInHang([thought]),
  'a stop in a text': () => stopInHang([thought, open(text('I was say'))]),
  'a stop in the input of a call': () => stopInHang([thought, text('I look.'), open(look)]),
  'a stop after a call, in the same answer': () => stopInHang([thought, look]),
  'a stop between a step and its tools': stopBeforeTools,
  'a stop in a tool': stopInTool,
  'a stop between a tool and the next step': () => stopInHang([thought, look, end('calls')], []),
  'a stop in the reasoning of the second step': () =>
    stopInHang([thought, look, end('calls')], [open(think('And now'))]),
  "a stop in a provider's own tool": () => ({
    ...stopInHang([thought, search('rain', { result: false })]),
    only: WITH_SEARCH,
  }),
  "a stop after a provider's own tool": () => ({
    ...stopInHang([thought, search('rain'), text('It rai')]),
    only: WITH_SEARCH,
  }),
  'a broken connection in a text': () => ({ answers: [[thought, open(text('Half')), broken]] }),
  'a broken connection in the second step': () => ({
    answers: [
      [thought, look, end('calls')],
      [think('And now'), open(text('Half')), broken],
    ],
  }),
  'an answer that ends too early': () => ({ answers: [[thought, text('Half'), cut]] }),
  'an error in the stream': () => ({ answers: [[thought, text('Half'), error(OVERLOADED), cut]] }),
  'the output limit in a reasoning': () => ({ answers: [[thought, end('length')]] }),
  'the output limit in a text': () => ({ answers: [[thought, text('Half'), end('length')]] }),
  'the output limit after a call': () => ({ answers: [[thought, look, end('length')]] }),
  'a refusal': () => ({ answers: [[thought, text('I will not'), end('refusal')]] }),
  'a refusal of everything': () => ({ answers: [[end('refusal')]] }),
  'an input that does not fit': () => ({
    answers: [
      [thought, call('look', { path: 1 }), end('calls')],
      [thought, text('So not.'), end()],
    ],
  }),
  'an input that is no JSON': () => ({
    answers: [
      [thought, call('look', '{"path":'), end('calls')],
      [thought, text('So not.'), end()],
    ],
    only: STREAMS_JSON,
  }),
  'a tool that does not exist': () => ({
    answers: [
      [thought, call('leap', { path: 'a' }), end('calls')],
      [thought, text('So not.'), end()],
    ],
  }),
  'a call of a name that no tool can have': () => ({
    answers: [
      [thought, call('functions.look at', { path: 'a' }), end('calls')],
      [thought, text('So not.'), end()],
    ],
  }),
  'ids of calls that only some providers take, twice': () => ({
    answers: [
      [call('look', { path: 'a' }, 'functions.look:0'), end('calls')],
      [call('look', { path: 'b' }, 'functions.look:0'), end('calls')],
      [text('Both.'), end()],
    ],
    only: ['a compatible API'],
  }),
  'nothing special': () => ({
    answers: [
      [thought, text('I look.'), look, call('look', { path: 'b' }), end('calls')],
      [think('And now'), text('It is blue.'), end()],
    ],
  }),
  "a provider's own tool": () => ({
    answers: [[thought, search('rain'), text('It rains.'), end()]],
    only: WITH_SEARCH,
  }),
}

/** The same provider and model, with another setting and another memory. */
const isSibling = (one: ProviderName, other: ProviderName): boolean =>
  one.startsWith('OpenAI') && other.startsWith('OpenAI')

const OVERLOADED = {
  type: 'error',
  error: { type: 'overloaded_error', code: 503, message: 'Overloaded', status: 'UNAVAILABLE' },
}

const CASES = PROVIDER_NAMES.flatMap((provider) =>
  Object.entries(ENDINGS).flatMap(([name, make]) => {
    const ending = make()
    return ending.only && !ending.only.includes(provider) ? [] : [{ provider, name, ending }]
  }),
)

let chats: Chats
beforeAll(async () => {
  chats = await startChats(tools)
})
afterAll(() => chats[Symbol.asyncDispose]())

describe.concurrent('a chat goes on', { timeout: 120_000 }, () => {
  it.for(CASES)('$provider, after $name', async ({ provider, ending }, { expect }) => {
    const chat = chats.chat()
    const first = await chat.ask(provider, ending.answers)
    if (ending.act) await ending.act(first)
    else first.begin()
    const before = await first.settled()
    if (ending.act) expect(before.status).toBe('aborted')
    const others = PROVIDER_NAMES.filter((name) => name !== provider && !isSibling(name, provider))
    for (const next of [provider, ...others, provider]) {
      const turn = await chat.ask(next, [[think('Again'), text(`Gladly, ${next}.`), end()]])
      turn.begin()
      const { status, error: reason } = await turn.settled()
      expect(chat.refusals().join()).toBe('')
      expect(`${next}: ${status}, ${reason}`).toBe(`${next}: succeeded, null`)
    }
  })
})
