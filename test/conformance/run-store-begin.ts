/** How a run begins. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  begun,
  claimed,
  heldRun,
  leaseOf,
  settleAs,
  somebody,
  turnOf,
  type Stores,
} from './stores.ts'

export const describeBegin = (stores: () => Stores): void => {
  describe('begin', () => {
    test('makes the chat, the user message, the answer and a pending run', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const options = { temperature: 1, b: 'x', a: [2] }
      const run = await begun(stores(), principal, { chatId, messageId: 'm-1', options })
      expect(run).toMatchObject({
        workspaceId: principal.workspaceId,
        createdBy: principal.userId,
        status: 'pending',
        trigger: 'user',
        driver: 'engine',
        agent: 'tester',
        bound: false,
        options,
        stepCount: 0,
        attempt: 0,
        leaseEpoch: 0,
        lapsed: true,
        startedAt: null,
        finishedAt: null,
        stopRequestedAt: null,
      })
      const chat = await stores().conversations.findChat(principal, chatId)
      expect(chat).toMatchObject({ id: run.chatId, title: null, creatorId: principal.userId })
      expect(await stores().conversations.messages(principal, chatId)).toMatchObject([
        { id: run.userMessageId, publicId: 'm-1', role: 'user', status: 'completed', runId: null },
        { id: run.assistantMessageId, role: 'assistant', status: 'streaming', runId: run.id },
      ])
    })

    test.each([
      [false, {}],
      [false, { ai: {} }],
      [false, { ai: { autonomousRuns: true } }],
      [true, { ai: { autonomousRuns: false } }],
    ])('says that the run is bound: %s, where the settings are %j', async (bound, settings) => {
      const principal = await somebody(stores())
      await stores().setSettings(principal.workspaceId, settings)
      expect(await stores().runs.begin(turnOf(principal))).toMatchObject({ run: { bound } })
    })

    test('keeps the message without what no database can store', async () => {
      const principal = await somebody(stores())
      const run = await begun(stores(), principal, { text: 'a\u0000b\ud800c' })
      const message = await stores().conversations.message(run.userMessageId!, run.workspaceId)
      expect(message?.parts).toEqual([{ type: 'text', text: 'ab\ufffdc' }])
    })

    test('finds the run that a message began, whatever became of it', async () => {
      const principal = await somebody(stores())
      const turn = turnOf(principal, { messageId: 'm-1' })
      const { run } = await stores().runs.begin(turn)
      expect(await stores().runs.begin(turn)).toMatchObject({ kind: 'known', run: { id: run.id } })
      await settleAs(stores(), leaseOf(await claimed(stores(), run.id)))
      expect(await stores().runs.begin(turn)).toMatchObject({
        kind: 'known',
        run: { id: run.id, status: 'succeeded' },
      })
    })

    test('finds the run that a key began, whatever became of it and of its messages', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const turnKey = { key: 'k-1', content: 'a wish' }
      const turn = turnOf(principal, { chatId, messageId: 'm-1', turnKey })
      const { run } = await stores().runs.begin(turn)
      const known = { kind: 'known', run: { id: run.id } }
      expect(await stores().runs.begin(turn)).toMatchObject(known)
      await settleAs(stores(), leaseOf(await claimed(stores(), run.id)))
      const request = { kind: 'edit', messageId: 'm-1', message: { parts: [] } } as const
      await begun(stores(), principal, { chatId, request })
      expect(await stores().runs.begin(turn)).toMatchObject(known)
      const other = turnOf(principal, { chatId, turnKey: { key: 'k-1', content: 'another' } })
      await expect(stores().runs.begin(other)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
      await begun(stores(), await somebody(stores()), { chatId, turnKey })
    })

    test('begins one run of any number of simultaneous ones with a key', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const turnKey = { key: 'k-1', content: '' }
      const results = await Promise.all(
        Array.from({ length: 20 }, () =>
          stores().runs.begin(turnOf(principal, { chatId, turnKey })),
        ),
      )
      expect(results.filter(({ kind }) => kind === 'begun')).toHaveLength(1)
      expect(results.filter(({ kind }) => kind === 'known')).toHaveLength(19)
    })

    test('names the active run and leaves nothing of the new message behind', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const { id } = await begun(stores(), principal, { chatId })
      const before = await stores().conversations.messages(principal, chatId)
      const result = await stores().runs.begin(turnOf(principal, { chatId, messageId: 'm-2' }))
      expect(result).toMatchObject({ kind: 'active', run: { id } })
      expect(await stores().conversations.messages(principal, chatId)).toEqual(before)
    })

    test("names an active run that is somebody else's to execute", async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      await settleAs(stores(), (await heldRun(stores(), principal, { chatId })).lease)
      const { id } = await stores().insertExternalRun({ principal, chatId })
      const result = await stores().runs.begin(turnOf(principal, { chatId }))
      expect(result).toMatchObject({ kind: 'active', run: { id, driver: 'external' } })
    })

    test('begins the next turn of a chat after the last one settled', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const first = await heldRun(stores(), principal, { chatId })
      await settleAs(stores(), first.lease)
      const second = await begun(stores(), principal, { chatId })
      expect(second.chatId).toBe(first.run.chatId)
      expect(second.id).not.toBe(first.run.id)
    })

    test('begins a run for a message that is known but has none', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const first = await heldRun(stores(), principal, { chatId, messageId: 'm-1' })
      await settleAs(stores(), first.lease)
      const orphan = await stores().insertMessage({ principal, chatId, id: 'm-2' })
      const result = await stores().runs.begin(turnOf(principal, { chatId, messageId: 'm-2' }))
      expect(result).toMatchObject({ kind: 'begun', run: { userMessageId: orphan.id } })
    })

    test('refuses a message id that an answer has', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const { assistantMessageId } = await begun(stores(), principal, { chatId })
      const turn = turnOf(principal, { chatId, messageId: assistantMessageId! })
      await expect(stores().runs.begin(turn)).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    })

    test('takes the same ids of different owners for different things', async () => {
      const one = await somebody(stores())
      const colleague = await somebody(stores(), one.workspaceId)
      const stranger = await somebody(stores())
      const ids = { chatId: randomUUID(), messageId: 'm-1' }
      const runs = [
        await begun(stores(), one, ids),
        await begun(stores(), colleague, ids),
        await begun(stores(), stranger, ids),
      ]
      expect(new Set(runs.map(({ chatId }) => chatId)).size).toBe(3)
    })

    test('finds a chat without a client id by its own id', async () => {
      const principal = await somebody(stores())
      const chat = await stores().insertChat(principal)
      const run = await begun(stores(), principal, { chatId: chat.id })
      expect(run.chatId).toBe(chat.id)
    })

    test('begins one run of any number of simultaneous calls for one chat', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          stores().runs.begin(turnOf(principal, { chatId, messageId: `m-${index}` })),
        ),
      )
      const kinds = results.map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(1)
      expect(kinds.filter((kind) => kind === 'active')).toHaveLength(19)
      expect(new Set(results.map(({ run }) => run.id)).size).toBe(1)
      expect(await stores().conversations.messages(principal, chatId)).toHaveLength(2)
    })

    test('gives simultaneous calls with the same message the same run', async () => {
      const principal = await somebody(stores())
      const turn = turnOf(principal, { messageId: 'm-1' })
      const results = await Promise.all(Array.from({ length: 20 }, () => stores().runs.begin(turn)))
      const kinds = results.map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'begun')).toHaveLength(1)
      expect(kinds.filter((kind) => kind === 'known')).toHaveLength(19)
      expect(new Set(results.map(({ run }) => run.id)).size).toBe(1)
    })
  })
}
