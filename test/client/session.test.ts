/** Signing in and out with the client, against a real app, by a browser's cookies. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createOutlastClient } from '../../src/client/client.ts'
import { NotAuthenticatedError, type StateNews } from '../../src/client/index.ts'
import { cookieOf, OWN_PAGE, rawAppOf } from '../http/signing-in.ts'
import { testOutlast, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

let outlast: TestOutlast
beforeAll(async () => {
  const model = scriptedModel(() => [...textParts('Hello'), finishPart()])
  outlast = await testOutlast([defineAgent({ name: 'a', model })])
})
afterAll(() => outlast[Symbol.asyncDispose]())

/** A page in a browser, which keeps what the server sets. */
const openPage = () => {
  const app = rawAppOf(outlast)
  let cookie = ''
  const asked: string[] = []
  const client = createOutlastClient({
    url: 'http://chat.example/ai-chat',
    fetch: async (input, init) => {
      const request = new Request(input, init)
      asked.push(request.url)
      for (const [name, value] of Object.entries({ ...OWN_PAGE, cookie }))
        request.headers.set(name, value)
      const answer = await app(request)
      if (answer.headers.has('set-cookie')) cookie = cookieOf(answer)
      return answer
    },
  })
  return { client, asked, [Symbol.dispose]: () => client.close() }
}

const tokenOf = async (userId: string) => {
  const principal = { workspaceId: 'acme', userId }
  return (await outlast.tokens.create({ principal, name: 'test' })).token
}

it('who signs in is let in from then on, and not any more after signing out', async () => {
  using page = openPage()
  const { client, asked } = page
  await expect(client.session.get()).rejects.toBeInstanceOf(NotAuthenticatedError)
  await expect(client.session.signIn('wrong')).rejects.toBeInstanceOf(NotAuthenticatedError)
  const token = await tokenOf('ann')
  const ann = {
    user: { id: 'ann', name: 'ann' },
    workspace: { id: 'acme', name: 'acme' },
    canSignOut: true,
  }
  expect(await client.session.signIn(token)).toEqual(ann)
  expect(await client.session.get()).toEqual(ann)
  expect((await client.chats.list()).chats).toEqual([])
  await client.session.signOut()
  await expect(client.chats.list()).rejects.toBeInstanceOf(NotAuthenticatedError)
  await client.session.signOut()
  expect(asked.join()).not.toContain(token)
})

it('who follows hears of the one who is signed in now, and that it is another one', async () => {
  using page = openPage()
  const { session, feed } = page.client
  await session.signIn(await tokenOf('ann'))
  await outlast.engine.startTurn({
    principal: { workspaceId: 'acme', userId: 'ann' },
    chatId: 'of-ann',
    message: { parts: [{ type: 'text', text: 'Hi' }] },
  })
  const news: StateNews[] = []
  const refusals: string[] = []
  let changes = 0
  feed.states(
    (one) => news.push(one),
    (error) => refusals.push(error.code),
  )
  const forget = session.onChange(() => (changes += 1))
  await expect.poll(() => JSON.stringify(news)).toContain('of-ann')
  await session.signOut()
  expect(changes).toBe(1)
  await expect.poll(() => refusals).toEqual(['NOT_AUTHENTICATED'])
  news.length = 0
  await session.signIn(await tokenOf('bob'))
  expect(changes).toBe(2)
  await expect.poll(() => news.length).toBeGreaterThan(0)
  expect(JSON.stringify(news)).not.toContain('of-ann')
  forget()
  await session.signOut()
  expect(changes).toBe(2)
})
