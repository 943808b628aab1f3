/** What every Conversations must do. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Principal, RunRecord } from '../../src/domain/run.ts'
import {
  begun,
  callOf,
  endOf,
  heldRun,
  settleAs,
  somebody,
  stepOf,
  type OpenStores,
  type Stores,
} from './stores.ts'

export const describeConversations = (name: string, open: OpenStores): void => {
  describe(`Conversations on ${name}`, () => {
    let opened: Stores
    beforeAll(async () => {
      opened = await open()
    })
    afterAll(() => opened[Symbol.asyncDispose]())

    const stores = () => opened
    describeOwnership(stores)
    describeMessages(stores)
    describeHistory(stores)
  })
}

const describeOwnership = (stores: () => Stores): void => {
  describe('an owner', () => {
    test('finds the chat, its run and its messages; nobody else does', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const run = await begun(stores(), owner, { chatId })
      const found = async (principal: Principal) => {
        const { conversations } = stores()
        return [
          (await conversations.findChat(principal, chatId))?.id,
          (await conversations.findRun(principal, run.id))?.id,
          (await conversations.latestRun(principal, chatId))?.id,
          (await conversations.messages(principal, chatId)).length,
        ]
      }
      expect(await found(owner)).toEqual([run.chatId, run.id, run.id, 2])
      const nothing = [undefined, undefined, undefined, 0]
      expect(await found(await somebody(stores(), owner.workspaceId))).toEqual(nothing)
      expect(await found(await somebody(stores()))).toEqual(nothing)
      const elsewhere = { ...owner, workspaceId: randomUUID() }
      expect(await found(elsewhere)).toEqual(nothing)
    })

    test('gets the latest run of a chat', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const runs: string[] = []
      for (let turn = 0; turn < 3; turn += 1) {
        const { run, lease } = await heldRun(stores(), owner, { chatId })
        await settleAs(stores(), lease)
        runs.push(run.id)
      }
      const latest = await stores().conversations.latestRun(owner, chatId)
      expect(latest).toMatchObject({ id: runs.at(-1), status: 'succeeded' })
    })

    test('has a chat for each of its runs', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const run = await begun(stores(), owner, { chatId })
      expect(await stores().conversations.chatOf(run)).toEqual({
        id: run.chatId,
        publicId: chatId,
        workspaceId: owner.workspaceId,
        creatorId: owner.userId,
        title: null,
      })
      const gone = { ...run, chatId: randomUUID() }
      await expect(stores().conversations.chatOf(gone)).rejects.toMatchObject({
        code: 'CHAT_NOT_FOUND',
      })
    })
  })
}

const describeMessages = (stores: () => Stores): void => {
  describe('messages', () => {
    test('come in their order, with the parts they were sent with', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      for (const text of ['One', 'Two'])
        await settleAs(stores(), (await heldRun(stores(), owner, { chatId, text })).lease)
      const messages = await stores().conversations.messages(owner, chatId)
      expect(messages.map(({ role, parts }) => [role, parts])).toEqual([
        ['user', [{ type: 'text', text: 'One' }]],
        ['assistant', []],
        ['user', [{ type: 'text', text: 'Two' }]],
        ['assistant', []],
      ])
    })

    test('that were replaced are left out', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const { run, lease } = await heldRun(stores(), owner, { chatId })
      await settleAs(stores(), lease)
      const { id } = await stores().insertMessage({ principal: owner, chatId, id: 'edited' })
      await stores().supersede(run.userMessageId!, id)
      await stores().supersede(run.assistantMessageId!, id)
      const messages = await stores().conversations.messages(owner, chatId)
      expect(messages.map(({ publicId }) => publicId)).toEqual(['edited'])
    })

    test('precede an answer, replaced or not, when they stand before it in its chat', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const first = await heldRun(stores(), owner, { chatId, messageId: 'm-1' })
      await settleAs(stores(), first.lease)
      const old = first.run.assistantMessageId!
      const again = { kind: 'regenerate', messageId: old } as const
      const second = await heldRun(stores(), owner, { chatId, request: again })
      await settleAs(stores(), second.lease)
      await stores().insertMessage({ principal: owner, chatId, id: 'm-2' })
      await begun(stores(), owner, { messageId: 'm-3' })
      const ids = ['m-1', old, second.run.assistantMessageId!, 'm-2', 'm-3', 'm-4']
      const { conversations } = stores()
      const precede = await Promise.all(ids.map((id) => conversations.precedes(id, second.run)))
      expect(precede).toEqual([true, true, false, false, false, false])
      const elsewhere = { ...second.run, workspaceId: randomUUID() }
      expect(await conversations.precedes('m-1', elsewhere)).toBe(false)
    })

    test('that were written without parts say their content', async () => {
      const owner = await somebody(stores())
      const { id: chatId } = await stores().insertChat(owner)
      const { id } = await stores().insertMessage({ principal: owner, chatId, content: 'Hello' })
      const message = await stores().conversations.message(id, owner.workspaceId)
      expect(message?.parts).toEqual([{ type: 'text', text: 'Hello' }])
    })

    test('are found by their id in their workspace only', async () => {
      const owner = await somebody(stores())
      const { assistantMessageId } = await begun(stores(), owner)
      const { conversations } = stores()
      expect(await conversations.message(assistantMessageId!, owner.workspaceId)).toMatchObject({
        id: assistantMessageId,
        publicId: assistantMessageId,
      })
      expect(await conversations.message(assistantMessageId!, randomUUID())).toBeUndefined()
    })
  })
}

const describeHistory = (stores: () => Stores): void => {
  /** A finished turn with one step and one call. */
  const turn = async (owner: Principal, chatId: string, text: string): Promise<RunRecord> => {
    const { lease } = await heldRun(stores(), owner, { chatId, text })
    const { journal } = stores()
    await journal.appendStep(lease, stepOf(lease, 0))
    await journal.startCall(lease, callOf(lease))
    await journal.endCall(lease, 0, 'call-1', endOf())
    return settleAs(stores(), lease)
  }

  const ids = async (run: RunRecord) =>
    (await stores().conversations.history(run)).turns.map(({ message }) => message.id)

  describe('history', () => {
    test('ends with the user message of the run and has the journal of each answer', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const first = await turn(owner, chatId, 'One')
      const second = await turn(owner, chatId, 'Two')
      const run = await begun(stores(), owner, { chatId, text: 'Three' })
      const { turns: history } = await stores().conversations.history(run)
      expect(history.map(({ message }) => message.id)).toEqual([
        first.userMessageId,
        first.assistantMessageId,
        second.userMessageId,
        second.assistantMessageId,
        run.userMessageId,
      ])
      const { journal } = stores()
      const journals = history.map((entry) => entry.journal)
      expect(journals).toEqual([
        undefined,
        await journal.load(first.id, owner.workspaceId),
        undefined,
        await journal.load(second.id, owner.workspaceId),
        undefined,
      ])
      expect(journals[1]).toMatchObject({ steps: [{ stepIndex: 0 }], calls: [{ stepIndex: 0 }] })
    })

    test('of an earlier run does not know what came later', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const first = await turn(owner, chatId, 'One')
      await turn(owner, chatId, 'Two')
      expect(await ids(first)).toEqual([first.userMessageId])
    })

    test('leaves out what was replaced', async () => {
      const owner = await somebody(stores())
      const chatId = randomUUID()
      const first = await turn(owner, chatId, 'One')
      const run = await begun(stores(), owner, { chatId, text: 'Two' })
      await stores().supersede(first.userMessageId!, run.userMessageId!)
      await stores().supersede(first.assistantMessageId!, run.userMessageId!)
      expect(await ids(run)).toEqual([run.userMessageId])
    })

    test('has no journal for an answer that the engine did not make', async () => {
      const owner = await somebody(stores())
      const { id: chatId } = await stores().insertChat(owner)
      const answer = await stores().insertMessage({ principal: owner, chatId, role: 'assistant' })
      const run = await begun(stores(), owner, { chatId })
      const {
        turns: [first],
      } = await stores().conversations.history(run)
      expect(first?.message.id).toBe(answer.id)
      expect(first?.journal).toBeUndefined()
    })

    test('leaves out the answer of an active run', async () => {
      const owner = await somebody(stores())
      const { id: chatId } = await stores().insertChat(owner)
      const question = await stores().insertMessage({ principal: owner, chatId })
      const answer = await stores().insertMessage({ principal: owner, chatId, role: 'assistant' })
      const later = await stores().insertMessage({ principal: owner, chatId })
      const assistantMessageId = answer.id
      await stores().insertExternalRun({ principal: owner, chatId, assistantMessageId })
      const latest = await stores().conversations.latestRun(owner, chatId)
      const run = { ...latest!, userMessageId: later.id }
      expect(await ids(run)).toEqual([question.id, later.id])
      expect(await ids({ ...run, userMessageId: null })).toEqual([question.id, later.id])
    })

    test('does not cross workspaces', async () => {
      const owner = await somebody(stores())
      const run = await begun(stores(), owner)
      const foreign = ids({ ...run, workspaceId: randomUUID() })
      await expect(foreign).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' })
    })
  })
}
