/** What one tenant has used up is missing to nobody else. */
import { expect, it } from 'vitest'
import { createOutlastHandler } from '../../src/handler.ts'
import { jsonPost } from '../http/serving.ts'
import { testOutlast } from '../support/engine.ts'
import { agent, as, byHeader, keepBusy, settle, type Caller } from './tenants.ts'

const OWNER = { workspaceId: 'w1', userId: 'u1' }

it.each([
  ['another workspace', { workspaceId: 'w2', userId: 'u1' }],
  ['another user of the workspace', { workspaceId: 'w1', userId: 'u2' }],
])('%s has active runs, files, streams and requests of its own', async (_, other) => {
  const limits = { activeRuns: 1, ownerBytes: 50, readers: 1 }
  await using outlast = await testOutlast([agent], { limits }, (ports) => ports)
  const handler = createOutlastHandler(outlast, {
    authenticate: byHeader,
    limits: { requestsPerMinute: 12 },
  })
  const ask = (caller: Caller, path: string, init: RequestInit = {}) =>
    handler(new Request(`http://app.example${path}`, as(caller, init)))
  const upload = async (caller: Caller) =>
    (await ask(caller, '/ai-chat/files', { method: 'POST', body: 'x'.repeat(40) })).status
  const begin = (caller: Caller) =>
    ask(
      caller,
      '/ai-chat',
      jsonPost({ chatId: 'more', message: { parts: [{ type: 'text', text: 'Hi' }] } }),
    )

  await keepBusy(handler, await settle(handler, OWNER))
  const reading = await ask(OWNER, '/ai-chat/busy-chat/stream')
  expect((await ask(OWNER, '/ai-chat/busy-chat/stream')).status).toBe(429)
  expect(await upload(OWNER)).toBe(413)
  const watched = await ask(other, '/ai-chat/none/stream')
  expect(watched.status).toBe(204)
  expect(await upload(other)).toBe(201)
  await reading.body?.cancel()
  const refused = await begin(OWNER)
  expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_ACTIVE_RUNS' })
  const begun = await begin(other)
  expect(begun.status).toBe(200)
  expect(await begun.text()).toContain('[DONE]')
  while ((await ask(OWNER, '/ai-chat/runs')).status === 200);
  expect((await ask(OWNER, '/ai-chat/runs')).status).toBe(429)
  expect((await ask(other, '/ai-chat/runs')).status).toBe(200)
})
