/** A provider that does not take its own words back any more is told them plainly, and the chat goes on. */
import { tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ProviderName } from '../support/providers/all.ts'
import { type Answer, call, end, status, text, think } from '../support/providers/words.ts'
import { type Chat, type Chats, startChats } from './support/chats.ts'

const look = tool({ inputSchema: z.object({ path: z.string() }), execute: async () => 'seen' })

let chats: Chats
beforeAll(async () => {
  chats = await startChats({ look })
})
afterAll(() => chats[Symbol.asyncDispose]())

const turn = async (chat: Chat, provider: ProviderName, answers: readonly Answer[]) => {
  const asked = await chat.ask(provider, answers)
  asked.begin()
  return asked.settled()
}

const TWO_STEPS: readonly Answer[] = [
  [think('Let me see'), text('I look.'), call('look', { path: 'a' }), end('calls')],
  [think('And now'), text('It is blue.'), end()],
]

describe('a provider that has forgotten what it stored', () => {
  it('is told it plainly, once a run, and the run goes on with tools', async () => {
    const chat = chats.chat()
    // Its memory is not that of the other one: neither has the other's items.
    await turn(chat, 'OpenAI, not stored', TWO_STEPS)
    expect(await turn(chat, 'OpenAI, stored', TWO_STEPS)).toMatchObject({
      status: 'succeeded',
      stepCount: 2,
    })
    expect(chat.refusals()).toEqual([expect.stringContaining('not found')])
    const last = JSON.stringify(chat.requests('OpenAI, stored').at(-1))
    expect(last).toMatch(/I look\..*It is blue\..*I look\./)
    expect(last).not.toContain('item_reference')
  })
})

describe('a request that is refused for another reason', () => {
  const refused = status(400, { error: { message: 'Your input exceeds the context window.' } })

  it('is not made again when there is nothing to leave out', async () => {
    const chat = chats.chat()
    const run = await turn(chat, 'OpenAI, stored', [[refused]])
    expect(run).toMatchObject({ status: 'failed', errorCode: 'provider_rejected' })
    expect(chat.requests('OpenAI, stored')).toHaveLength(1)
  })

  it('is made once more, plainly, where there is, and then the run fails with the reason', async () => {
    const chat = chats.chat()
    await turn(chat, 'OpenAI, stored', TWO_STEPS)
    const run = await turn(chat, 'OpenAI, stored', [[refused], [refused]])
    expect(run).toMatchObject({ status: 'failed', errorCode: 'provider_rejected' })
    expect(run.error).toContain('exceeds the context window')
    expect(chat.requests('OpenAI, stored')).toHaveLength(4)
  })
})
