/** What every ChatCatalog does. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ListPosition } from '../../src/domain/catalog.ts'
import type { Principal } from '../../src/domain/run.ts'
import {
  begun,
  callOf,
  heldRun,
  LEASE_LOST,
  settleAs,
  somebody,
  turnOf,
  type OpenStores,
  type Stores,
} from './stores.ts'

export const describeChatCatalog = (name: string, open: OpenStores): void => {
  describe(`ChatCatalog: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores[Symbol.asyncDispose]())

    /** One page after the other; `between` happens before each but the first. */
    const page = async (principal: Principal, between: () => Promise<unknown>) => {
      const found: string[] = []
      let after: ListPosition | undefined
      do {
        if (after) await between()
        const next = await stores.chats.list(principal, {}, { limit: 2, after })
        found.push(...next.items.map(({ publicId }) => publicId))
        after = next.after
      } while (after)
      return found
    }

    it('a list has each chat once, also while others begin and one moves to the front', async () => {
      const principal = await somebody(stores)
      const chatIds: string[] = Array.from({ length: 7 }, () => randomUUID())
      for (const chatId of chatIds) await begun(stores, principal, { chatId })
      const expected = chatIds.toReversed()
      expect(await page(principal, async () => undefined)).toEqual(expected)
      expect(await page(principal, () => begun(stores, principal))).toEqual(expected)
      const [newest = ''] = expected
      const all = await page(principal, () =>
        stores.runs.begin(turnOf(principal, { chatId: newest })),
      )
      const own = all.filter((id) => chatIds.includes(id) && id !== newest)
      expect(own).toEqual(expected.slice(1))
    })

    it('the end of the latest run is seen once it has come, and no other run counts', async () => {
      const principal = await somebody(stores)
      const chatId = randomUUID()
      const { run, lease } = await heldRun(stores, principal, { chatId })
      const see = async (runId: string) =>
        (await stores.chats.see(principal, chatId, runId))?.unread
      expect(await see(run.id)).toBe(false)
      await settleAs(stores, lease)
      const [listed] = (await stores.chats.list(principal, {}, { limit: 1 })).items
      expect(listed).toMatchObject({ unread: true })
      expect(await see(randomUUID())).toBe(true)
      expect(await see(run.id)).toBe(false)
      const next = await heldRun(stores, principal, { chatId })
      await settleAs(stores, next.lease)
      expect(await see(run.id)).toBe(true)
      expect(await see(next.run.id)).toBe(false)
      expect(await stores.chats.open(principal, chatId, {})).toMatchObject({
        chat: { unread: false },
      })
    })

    it('a chat that is removed while its run is executed leaves its worker without a lease', async () => {
      const principal = await somebody(stores)
      const chatId = randomUUID()
      const { run, lease } = await heldRun(stores, principal, { chatId })
      expect(await stores.chats.remove(principal, chatId)).toMatchObject([{ id: run.id }])
      const late = stores.journal.startCall(lease, callOf(lease))
      await expect(late).rejects.toEqual(LEASE_LOST)
      expect(await stores.chats.remove(principal, chatId)).toBeUndefined()
    })

    it('a foreign chat is neither opened, named nor removed', async () => {
      const owner = await somebody(stores)
      const chatId = randomUUID()
      const run = await begun(stores, owner, { chatId })
      const colleague = await somebody(stores, owner.workspaceId)
      const namesake = { ...owner, workspaceId: (await somebody(stores)).workspaceId }
      await stores.ensure(namesake)
      for (const stranger of [colleague, namesake]) {
        expect(await stores.chats.open(stranger, chatId, {})).toBeUndefined()
        expect(await stores.chats.rename(stranger, chatId, 'Mine')).toBeUndefined()
        expect(await stores.chats.see(stranger, chatId, run.id)).toBeUndefined()
        expect(await stores.chats.remove(stranger, chatId)).toBeUndefined()
        expect((await stores.chats.list(stranger, {}, { limit: 9 })).items).toEqual([])
      }
      expect(await stores.chats.open(owner, chatId, {})).toMatchObject({ chat: { title: 'Hello' } })
    })
  })
}
