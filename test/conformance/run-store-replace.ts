/** How a run begins that replaces what was said. */
import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Principal, RunRecord } from '../../src/domain/run.ts'
import type { TurnRequest } from '../../src/domain/turn.ts'
import { begun, heldRun, settleAs, somebody, turnOf, type Stores } from './stores.ts'

const text = (value: string) => ({ parts: [{ type: 'text', text: value }] })
const edit = (messageId: string, value = 'Changed', id?: string): TurnRequest => ({
  kind: 'edit',
  messageId,
  message: { ...text(value), ...(id === undefined ? {} : { id }) },
})
const again = (messageId?: string): TurnRequest => ({ kind: 'regenerate', messageId })

export const describeReplace = (stores: () => Stores): void => {
  const settled = async (
    principal: Principal,
    chatId: string,
    what: { messageId?: string; request?: TurnRequest },
  ): Promise<RunRecord> => {
    const { lease } = await heldRun(stores(), principal, { chatId, ...what })
    return settleAs(stores(), lease)
  }
  /** Two turns: the messages `m-1` and `m-2`, each with an answer. */
  const twoTurns = async () => {
    const principal = await somebody(stores())
    const chatId = randomUUID()
    const first = await settled(principal, chatId, { messageId: 'm-1' })
    const second = await settled(principal, chatId, { messageId: 'm-2' })
    const begin = (request: TurnRequest) =>
      stores().runs.begin(turnOf(principal, { chatId, request }))
    const ids = async () =>
      (await stores().conversations.messages(principal, chatId)).map(({ publicId }) => publicId)
    return { principal, chatId, first, second, begin, ids }
  }

  describe('begin, of an edit', () => {
    test('replaces the message and everything after it, under the same id', async () => {
      const { principal, chatId, first, second, ids } = await twoTurns()
      const run = await begun(stores(), principal, { chatId, request: edit('m-2') })
      expect(await ids()).toEqual(['m-1', first.assistantMessageId, 'm-2', run.assistantMessageId])
      expect(run.userMessageId).not.toBe(second.userMessageId)
      const { conversations } = stores()
      const edited = await conversations.message(run.userMessageId!, run.workspaceId)
      expect(edited).toMatchObject({ publicId: 'm-2', ...text('Changed') })
      const kept = await conversations.message(second.userMessageId!, run.workspaceId)
      expect(kept).toMatchObject({ publicId: 'm-2', ...text('Hello') })
    })

    test('of the first message replaces all, and the history of the run begins anew', async () => {
      const { principal, chatId, ids } = await twoTurns()
      const run = await begun(stores(), principal, { chatId, request: edit('m-1') })
      expect(await ids()).toEqual(['m-1', run.assistantMessageId])
      const { turns: history } = await stores().conversations.history(run)
      expect(history.map(({ message }) => message)).toMatchObject([text('Changed')])
    })

    test('may give the message another id', async () => {
      const { principal, chatId, ids, begin } = await twoTurns()
      const run = await settled(principal, chatId, { request: edit('m-1', 'Changed', 'm-3') })
      expect(await ids()).toEqual(['m-3', run.assistantMessageId])
      await expect(begin(edit('m-1'))).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
    })

    test('finds a message without an id of its own by the id that it got', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const { userMessageId } = await settled(principal, chatId, {})
      for (const value of ['One', 'Two'])
        await settled(principal, chatId, { request: edit(userMessageId!, value) })
      const messages = await stores().conversations.messages(principal, chatId)
      expect(messages[0]).toMatchObject({ publicId: userMessageId, ...text('Two') })
    })

    test('that is made again finds its run, also the one that answered it again', async () => {
      const { principal, chatId, begin } = await twoTurns()
      const run = await settled(principal, chatId, { request: edit('m-1') })
      expect(await begin(edit('m-1'))).toMatchObject({ kind: 'known', run: { id: run.id } })
      const other = await settled(principal, chatId, { request: again('m-1') })
      expect(await begin(edit('m-1'))).toMatchObject({ kind: 'known', run: { id: other.id } })
    })

    test('begins a run for each change, back and forth', async () => {
      const { principal, chatId } = await twoTurns()
      const runs: string[] = []
      for (const value of ['One', 'Two', 'One', 'Two'])
        runs.push((await settled(principal, chatId, { request: edit('m-1', value) })).id)
      expect(new Set(runs).size).toBe(4)
    })

    test('leaves everything as it is while a run is active', async () => {
      const { principal, chatId, ids, begin } = await twoTurns()
      const run = await begun(stores(), principal, { chatId, messageId: 'm-3' })
      const before = await ids()
      expect(await begin(edit('m-1'))).toMatchObject({ kind: 'active', run: { id: run.id } })
      expect(await ids()).toEqual(before)
    })

    test('refuses what is no current message of the user in this chat', async () => {
      const { principal, first, begin } = await twoTurns()
      const elsewhere = await settled(principal, randomUUID(), { messageId: 'm-4' })
      expect(elsewhere.id).toBeDefined()
      await expect(begin(edit('m-4'))).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
      await expect(begin(edit(first.assistantMessageId!))).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      })
      await expect(begin(edit('m-1', 'Changed', 'm-2'))).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      })
    })

    test('makes no chat where there is none', async () => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const turn = turnOf(principal, { chatId, request: edit('m-1') })
      await expect(stores().runs.begin(turn)).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
      expect(await stores().conversations.findChat(principal, chatId)).toBeUndefined()
    })

    test('begins one run of any number of simultaneous ones, and its copies find it', async () => {
      const { begin, ids } = await twoTurns()
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => begin(edit('m-1', `Changed ${index % 10}`))),
      )
      const count = (kind: string) => results.filter((result) => result.kind === kind).length
      expect([count('begun'), count('known'), count('active')]).toEqual([1, 1, 18])
      expect(new Set(results.map(({ run }) => run.id)).size).toBe(1)
      expect(await ids()).toHaveLength(2)
    })
  })

  describe('begin, of another answer', () => {
    test('replaces the answer and everything after it', async () => {
      const { principal, chatId, first, ids } = await twoTurns()
      const request = again(first.assistantMessageId!)
      const run = await begun(stores(), principal, { chatId, request })
      expect(run.userMessageId).toBe(first.userMessageId)
      expect(await ids()).toEqual(['m-1', run.assistantMessageId])
      const { turns: history } = await stores().conversations.history(run)
      expect(history.map(({ message }) => message.publicId)).toEqual(['m-1'])
    })

    test('is one to the newest message when none is named', async () => {
      const { principal, chatId, first, ids } = await twoTurns()
      const run = await begun(stores(), principal, { chatId, request: again() })
      expect(await ids()).toEqual(['m-1', first.assistantMessageId, 'm-2', run.assistantMessageId])
    })

    test.each(['failed', 'aborted'] as const)('follows one that %s', async (status) => {
      const principal = await somebody(stores())
      const chatId = randomUUID()
      const { lease, run } = await heldRun(stores(), principal, { chatId, messageId: 'm-1' })
      const failure = { status: 'failed', code: 'provider_error', error: 'Oh.' } as const
      const outcome = status === 'failed' ? failure : { status }
      await stores().runs.settle(lease, { outcome, calls: [] }, () => [])
      const other = await begun(stores(), principal, { chatId, request: again('m-1') })
      const messages = await stores().conversations.messages(principal, chatId)
      expect(messages.map(({ id }) => id)).toEqual([run.userMessageId, other.assistantMessageId])
    })

    test('answers a message that has no answer yet', async () => {
      const { principal, chatId, ids } = await twoTurns()
      const orphan = await stores().insertMessage({ principal, chatId, id: 'm-3' })
      const run = await begun(stores(), principal, { chatId, request: again('m-3') })
      expect(run.userMessageId).toBe(orphan.id)
      expect((await ids()).slice(-2)).toEqual(['m-3', run.assistantMessageId])
    })

    test('that is made again finds its run, whatever came later', async () => {
      const { principal, chatId, second, begin } = await twoTurns()
      const request = again(second.assistantMessageId!)
      const run = await settled(principal, chatId, { request })
      expect(await begin(request)).toMatchObject({ kind: 'known', run: { id: run.id } })
      await settled(principal, chatId, { request: again(run.assistantMessageId!) })
      expect(await begin(request)).toMatchObject({ kind: 'known', run: { id: run.id } })
    })

    test('sends a message that never arrived, and no other that is unknown', async () => {
      const { begin } = await twoTurns()
      const unsent = { id: 'm-3', ...text('Lost') }
      const sent = await begin({ kind: 'regenerate', messageId: 'm-3', unsent })
      expect(sent.kind).toBe('begun')
      await expect(begin(again('m-4'))).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
    })

    test('of a chat without messages, or of an answer to nothing, is refused', async () => {
      const principal = await somebody(stores())
      const { id: chatId } = await stores().insertChat(principal)
      const begin = (request: TurnRequest) =>
        stores().runs.begin(turnOf(principal, { chatId, request }))
      await expect(begin(again())).rejects.toMatchObject({ code: 'MESSAGE_NOT_FOUND' })
      await stores().insertMessage({ principal, chatId, id: 'a-1', role: 'assistant' })
      await expect(begin(again('a-1'))).rejects.toMatchObject({ code: 'INVALID_REQUEST' })
    })

    test('begins one run of any number of simultaneous ones, which all find', async () => {
      const { second, begin, ids } = await twoTurns()
      const requests = [again(), again('m-2'), again(second.assistantMessageId!)]
      const results = await Promise.all(
        Array.from({ length: 18 }, (_, index) => begin(requests[index % 3]!)),
      )
      expect(results.filter(({ kind }) => kind === 'begun')).toHaveLength(1)
      expect(results.filter(({ kind }) => kind === 'known')).toHaveLength(17)
      expect(new Set(results.map(({ run }) => run.id)).size).toBe(1)
      expect(await ids()).toHaveLength(4)
    })
  })
}
