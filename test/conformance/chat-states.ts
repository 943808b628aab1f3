/** What every ChatStates does. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSettled, type Principal, type RunRecord } from '../../src/domain/run.ts'
import type { KnownRun, Look, WatchedChat } from '../../src/engine/catalog-ports.ts'
import {
  begun,
  claimed,
  heldRun,
  leaseOf,
  settleAs,
  somebody,
  type OpenStores,
  type Stores,
  type TurnOptions,
} from './stores.ts'

const NOTHING: Look = {
  begun: { owners: [], since: 0 },
  known: [],
  changed: [],
  named: [],
  newest: [],
}

const knownOf = (run: RunRecord): KnownRun => ({
  id: run.id,
  chatId: run.chatId,
  status: run.status,
  isStopping: run.stopRequestedAt !== null,
  epoch: run.leaseEpoch,
})

export const describeChatStates = (name: string, open: OpenStores): void => {
  describe(`ChatStates: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores[Symbol.asyncDispose]())

    const look = (wanted: Partial<Look>) => stores.states.look({ ...NOTHING, ...wanted })
    const idsOf = (chats: readonly WatchedChat[]) =>
      chats.map(({ publicId }) => publicId).toSorted()

    it('says when it looked, also where there is nothing to see', async () => {
      const before = await look({})
      const after = await look({})
      expect(before).toMatchObject({ chats: [], gone: [] })
      expect(after.at).toBeGreaterThanOrEqual(before.at)
      expect(Math.abs(after.at / 1000 - Date.now())).toBeLessThan(60_000)
    })

    it('finds the turns of owners since the last look, unless their runs are known', async () => {
      const owner = await somebody(stores)
      const other = await somebody(stores)
      const { at } = await look({})
      const run = await begun(stores, owner, { chatId: 'c1' })
      await begun(stores, other)
      const begunSince = { begun: { owners: [owner], since: at } }
      const { chats } = await look(begunSince)
      expect(chats).toMatchObject([
        { publicId: 'c1', owner, isChanged: true, latestRun: { id: run.id, status: 'pending' } },
      ])
      const again = await look({ ...begunSince, known: [knownOf(run)] })
      expect(again.chats).toEqual([])
      const later = { begun: { owners: [owner], since: at + 3_600_000_000 } }
      expect((await look(later)).chats).toEqual([])
    })

    it('misses no turn that was begun before a look and committed after it', async () => {
      const owner = await somebody(stores)
      const { at } = await look({})
      const { id } = await begun(stores, owner)
      // As if its transaction had been there before.
      const since = at + 5_000_000
      const { chats } = await look({ begun: { owners: [owner], since } })
      expect(chats).toMatchObject([{ latestRun: { id } }])
    })

    it('finds known runs that are not as they are known', async () => {
      const owner = await somebody(stores)
      const { run, lease } = await heldRun(stores, owner, { chatId: 'c1' })
      const known = [knownOf(run)]
      expect((await look({ known })).chats).toEqual([])
      for (const wrong of [
        { status: 'pending' as const },
        { isStopping: true },
        { epoch: run.leaseEpoch + 1 },
      ])
        expect((await look({ known: [{ ...knownOf(run), ...wrong }] })).chats).toMatchObject([
          { publicId: 'c1', isChanged: true, isStopping: false, epoch: 1, unread: false },
        ])
      const stopping = await stores.runs.requestStop(run.id, owner.workspaceId)
      expect((await look({ known })).chats).toMatchObject([{ isStopping: true }])
      await settleAs(stores, lease, 'aborted')
      const settled = await look({ known: [knownOf(stopping!)] })
      expect(settled.chats).toMatchObject([{ unread: true, latestRun: { status: 'aborted' } }])
    })

    it('says which chats of known runs are gone', async () => {
      const owner = await somebody(stores)
      const run = await begun(stores, owner, { chatId: 'c1' })
      const kept = await begun(stores, owner, { chatId: 'c2' })
      await stores.chats.remove(owner, 'c1')
      const sight = await look({ known: [knownOf(run), knownOf(kept)], changed: [run.chatId] })
      expect(sight).toMatchObject({ chats: [], gone: [run.chatId] })
    })

    it('shows named chats to their owner only, and chats that are said to have changed', async () => {
      const owner = await somebody(stores)
      const colleague = await somebody(stores, owner.workspaceId)
      const { chatId } = await begun(stores, owner, { chatId: 'c1' })
      await begun(stores, colleague, { chatId: 'c2' })
      const named = ['c1', 'c2', 'c3'].map((id) => ({ ...owner, chatId: id }))
      const sight = await look({ named })
      expect(sight.chats).toMatchObject([{ id: chatId, isChanged: false, isNewest: false }])
      expect((await look({ changed: [chatId, randomUUID()] })).chats).toMatchObject([
        { id: chatId, owner, isChanged: true },
      ])
    })

    it('shows those of the newest 100 chats that are active or unread, of each owner', async () => {
      const owner = await somebody(stores)
      const other = await somebody(stores)
      const settle = async (principal: Principal, chatId: string) => {
        const { id } = await begun(stores, principal, { chatId })
        await settleAs(stores, leaseOf(await claimed(stores, id)))
        return id
      }
      await settle(owner, 'too-old')
      await Promise.all(Array.from({ length: 97 }, () => stores.insertChat(owner)))
      await settle(owner, 'unread')
      const seen = await settle(owner, 'seen')
      await stores.chats.see(owner, 'seen', seen)
      await begun(stores, owner, { chatId: 'active' })
      await settle(other, 'others')
      const { chats } = await look({ newest: [owner] })
      expect(idsOf(chats)).toEqual(['active', 'unread'])
      for (const chat of chats) expect(chat).toMatchObject({ isNewest: true, isChanged: false })
      expect(idsOf((await look({ newest: [owner, other] })).chats)).toEqual([
        ...['active', 'others', 'unread'],
      ])
    })

    it('gives the latest turn of each chat, with its question and the message before that', async () => {
      const owner = await somebody(stores)
      const say = async (messageId: string, options: TurnOptions = {}) => {
        const run = await begun(stores, owner, { chatId: 'c1', messageId, ...options })
        await settleAs(stores, leaseOf(await claimed(stores, run.id)))
        return run
      }
      const turn = async () => {
        const [latest, ...others] = await stores.states.turns(owner, ['c1', 'none'])
        expect(others).toEqual([])
        const { run, chatPublicId, question, previousPublicId } = latest!
        expect([chatPublicId, isSettled(run.status)]).toEqual(['c1', true])
        return [run.id, question?.publicId, previousPublicId]
      }
      const first = await say('m1')
      expect(await turn()).toEqual([first.id, 'm1', undefined])
      const second = await say('m2')
      expect(await turn()).toEqual([second.id, 'm2', first.assistantMessageId])
      const message = { id: 'm3', parts: [{ type: 'text' as const, text: 'New' }] }
      const edited = await say('', { request: { kind: 'edit', messageId: 'm1', message } })
      expect(await turn()).toEqual([edited.id, 'm3', undefined])
      const stranger = await somebody(stores, owner.workspaceId)
      expect(await stores.states.turns(stranger, ['c1'])).toEqual([])
      expect(await stores.states.turns({ ...owner, workspaceId: 'other' }, ['c1'])).toEqual([])
    })
  })
}
