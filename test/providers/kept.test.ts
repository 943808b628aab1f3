/** What a model is told of its own words, byte for byte, and what another one is told of them. */
import { tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { messageParts, storedParts } from '../support/engine.ts'
import { PROVIDER_NAMES, type ProviderName } from '../support/providers/all.ts'
import type { Json } from '../support/providers/server.ts'
import {
  type Answer,
  call,
  end,
  found,
  image,
  search,
  text,
  think,
} from '../support/providers/words.ts'
import { type Chat, type Chats, startChats } from './support/chats.ts'

const tools = {
  look: tool({
    inputSchema: z.looseObject({ path: z.string() }),
    execute: async ({ path }) => ({ seen: path, letters: 'ä€😀\u2028"\\/' }),
  }),
}

let chats: Chats
beforeAll(async () => {
  chats = await startChats(tools)
})
afterAll(() => chats[Symbol.asyncDispose]())

/** One turn from its question to its end. */
const turn = async (
  chat: Chat,
  provider: ProviderName,
  answers: readonly Answer[],
  model?: 'other',
) => {
  const asked = await chat.ask(provider, answers, model)
  asked.begin()
  const run = await asked.settled()
  expect(run).toMatchObject({ status: 'succeeded', error: null })
  return run
}

const TWO_STEPS: readonly Answer[] = [
  [
    think('Let me see'),
    text('I look.'),
    call('look', { path: 'a', z: 1, b: [1.5, '2'] }),
    end('calls'),
  ],
  [think('And now'), text('It is blue.'), end()],
]
const SHORT: readonly Answer[] = [[text('Gladly.'), end()]]

/** What is said, in the form of each API. */
const said = (body: Json): unknown[] =>
  (body['input'] ?? body['messages'] ?? body['contents']) as unknown[]

/** What is only its provider's: ids, signatures, encrypted contents, thoughts. */
const PRIVATE = /\b(?:rs|msg|fc|ws|sig|srvtoolu|result)_0|secret of|signature\d|Let me see|And now/

describe.each(PROVIDER_NAMES)('%s', (provider) => {
  it('is told the same again from step to step and from turn to turn, so that prompt caches hit', async () => {
    const chat = chats.chat()
    await turn(chat, provider, TWO_STEPS)
    await turn(chat, provider, TWO_STEPS)
    await turn(chat, provider, SHORT)
    expect(chat.refusals()).toEqual([])
    const requests = chat.requests(provider)
    expect(requests).toHaveLength(5)
    for (const [index, request] of requests.slice(0, -1).entries()) {
      const next = requests[index + 1]!
      const { input: _i, messages: _m, contents: _c, ...rest } = request
      expect(JSON.stringify(next)).toContain(JSON.stringify(said(request)).slice(1, -1))
      expect(next).toMatchObject(rest)
      expect(Object.keys(next)).toEqual(Object.keys(request))
    }
  })

  it('gets back what it attached to its words, and another model does not', async () => {
    const chat = chats.chat()
    await turn(chat, provider, TWO_STEPS)
    await turn(chat, provider, SHORT)
    const own = JSON.stringify(chat.requests(provider).at(-1))
    if (provider === 'OpenAI, stored') expect(own.match(/"rs_/g)).toHaveLength(2)
    else expect(own).toMatch(/Let me see.*And now/s)
    await turn(chat, provider, SHORT, 'other')
    const other = JSON.stringify(chat.requests(provider).at(-1))
    expect(other).not.toMatch(PRIVATE)
    expect(other).toMatch(/I look\..*It is blue\./s)
    // What the other one has said in between changes nothing of what the first one is told of itself.
    await turn(chat, provider, SHORT)
    expect(JSON.stringify(chat.requests(provider).at(-1))).toMatch(
      provider === 'OpenAI, stored' ? /"rs_/ : /Let me see/,
    )
    expect(chat.refusals()).toEqual([])
  })

  it.each(PROVIDER_NAMES.filter((name) => name.slice(0, 6) !== provider.slice(0, 6)))(
    'tells %s what was said and done, and nothing that is only its own',
    async (next) => {
      const chat = chats.chat()
      await turn(chat, provider, TWO_STEPS)
      await turn(chat, next, SHORT)
      const told = JSON.stringify(chat.requests(next).at(-1))
      expect(told).toMatch(/I look\..*It is blue\./s)
      expect(told).toMatch(/seen.*a/s)
      expect(told).not.toMatch(PRIVATE)
      expect(chat.refusals()).toEqual([])
    },
  )
})

describe("a provider's own tool", () => {
  it.each(['OpenAI, stored', 'OpenAI, not stored', 'Anthropic'] as const)(
    '%s: its call and its result are shown, kept, and told to it again',
    async (provider) => {
      const chat = chats.chat()
      const run = await turn(chat, provider, [
        [
          think('Let me see'),
          search('rain'),
          text('It rains.'),
          call('look', { path: 'a' }),
          end('calls'),
        ],
        [text('It is blue.'), end()],
      ])
      const parts = (await storedParts(chats.outlast, run)) as { type: string }[]
      const live = (await chats.outlast.tail(run)).map(({ chunk }) => chunk)
      expect(await messageParts(live)).toEqual(parts)
      expect(parts.find(({ type }) => type === 'tool-web_search')).toMatchObject({
        state: 'output-available',
        providerExecuted: true,
      })
      await turn(chat, provider, SHORT)
      expect(chat.refusals()).toEqual([])
      for (const request of chat.requests(provider).slice(1)) {
        const own = /web_search_tool_result|"web_search_call"|"item_reference","id":"ws_/
        expect(JSON.stringify(request)).toMatch(own)
      }
    },
  )

  it('may give its result in a later step: the run goes on for it, and the message has it', async () => {
    const chat = chats.chat()
    const run = await turn(chat, 'Anthropic', [
      [
        think('Let me see'),
        search('rain', { result: false }),
        call('look', { path: 'a' }),
        end('calls'),
      ],
      [found(), text('It rains.'), end()],
    ])
    const parts = (await storedParts(chats.outlast, run)) as { type: string }[]
    const live = (await chats.outlast.tail(run)).map(({ chunk }) => chunk)
    expect(await messageParts(live)).toEqual(parts)
    expect(parts.filter(({ type }) => type === 'tool-web_search')).toMatchObject([
      { state: 'output-available' },
    ])
    await turn(chat, 'Anthropic', SHORT)
    expect(chat.refusals()).toEqual([])
  })

  it('may pause the answer: the provider is asked to go on', async () => {
    const chat = chats.chat()
    const run = await turn(chat, 'Anthropic', [
      [think('Let me see'), search('rain', { result: false }), end()],
      [found(), text('It rains.'), end()],
    ])
    expect(run.stepCount).toBe(2)
    await turn(chat, 'Anthropic', SHORT)
    expect(chat.refusals()).toEqual([])
  })
})

it('a picture that a model makes is shown, kept, and told to it again', async () => {
  const chat = chats.chat()
  const run = await turn(chat, 'Google', [[text('Here:'), image('iVBORw0KGgo='), end()]])
  expect(await storedParts(chats.outlast, run)).toContainEqual({
    type: 'file',
    mediaType: 'image/png',
    url: 'data:image/png;base64,iVBORw0KGgo=',
  })
  await turn(chat, 'Google', SHORT)
  expect(JSON.stringify(chat.requests('Google').at(-1))).toContain('iVBORw0KGgo=')
  for (const other of PROVIDER_NAMES) await turn(chat, other, SHORT)
  expect(chat.refusals()).toEqual([])
})
