/** The Files port and what begin does with files, on any database. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileUrl, INLINE_FILE_BYTES, type NewFile } from '../../src/domain/file.ts'
import { resolveLimits } from '../../src/domain/limits.ts'
import type { Principal } from '../../src/domain/run.ts'
import {
  begun,
  heldRun,
  LEASE_LOST,
  settleAs,
  somebody,
  turnOf,
  type OpenStores,
  type Stores,
} from './stores.ts'

const bytesOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) % 256)

const pdf = (length: number, filename?: string): NewFile => ({
  mediaType: 'application/pdf',
  filename,
  content: bytesOf(length),
})

const filePart = (length: number) => ({
  type: 'file',
  mediaType: 'image/png',
  filename: 'a.png',
  url: `data:image/png;base64,${Buffer.from(bytesOf(length)).toString('base64')}`,
})

const INVALID = expect.objectContaining({ code: 'INVALID_REQUEST' })
const FULL = expect.objectContaining({ code: 'STORAGE_FULL' })
const NO_LIMIT = Number.POSITIVE_INFINITY

export const describeFiles = (name: string, open: OpenStores): void => {
  describe(`files on ${name}`, () => {
    let stores: Stores
    let owner: Principal
    beforeAll(async () => {
      stores = await open()
      owner = await somebody(stores)
    })
    afterAll(() => stores[Symbol.asyncDispose]())

    const upload = (file: NewFile, by = owner, most = NO_LIMIT) =>
      stores.files.upload(by, file, most)

    const begin = (parts: readonly { type: string }[], by = owner, chatId: string = randomUUID()) =>
      stores.runs.begin(turnOf(by, { chatId, request: { message: { parts } } }))

    const partsOf = async (chatId: string, by = owner) => {
      const [message] = await stores.conversations.messages(by, chatId)
      return message?.parts
    }

    it.for([0, 1, 262_143, 262_144, 262_145, 700_001])(
      'a file of %i bytes comes back as it was, whole and in ranges',
      async (size) => {
        const { id, ...said } = await upload(pdf(size, `${size}.pdf`))
        expect(said).toMatchObject({ mediaType: 'application/pdf', filename: `${size}.pdf`, size })
        expect(await stores.files.find(owner, id)).toEqual({ id, ...said })
        const all = Buffer.from(bytesOf(size))
        expect(await stores.files.base64(owner, id)).toBe(all.toString('base64'))
        for (const [start, end] of [
          [0, size],
          [size - 1, size],
          [262_100, 262_200],
          [1, 530_000],
        ] as const) {
          if (start < 0 || start >= size || end > size) continue
          const read = await stores.files.read(owner, id, start, end)
          expect(Buffer.from(read!).equals(all.subarray(start, end))).toBe(true)
        }
      },
    )

    it('the same content with the same type and name is kept once for its owner', async () => {
      const other = await somebody(stores)
      const { id } = await upload(pdf(10, 'once.pdf'))
      const again = await Promise.all(Array.from({ length: 4 }, () => upload(pdf(10, 'once.pdf'))))
      expect(again.map((file) => file.id)).toEqual([id, id, id, id])
      expect((await upload(pdf(10, 'twice.pdf'))).id).not.toBe(id)
      expect((await upload(pdf(10, 'once.pdf'), other)).id).not.toBe(id)
      const nameless = await upload(pdf(10))
      expect(nameless.filename).toBeNull()
      expect((await upload(pdf(10))).id).toBe(nameless.id)
    })

    it('of simultaneous uploads of one new file all have all of it', async () => {
      const files = await Promise.all(Array.from({ length: 5 }, () => upload(pdf(600_000, 'race'))))
      expect(new Set(files.map(({ id }) => id)).size).toBe(1)
      expect((await stores.files.base64(owner, files[0]!.id))?.length).toBe(800_000)
    })

    it('a foreign file looks like a missing one', async () => {
      const stranger = await somebody(stores)
      const neighbour = await somebody(stores, owner.workspaceId)
      const { id } = await upload(pdf(20))
      for (const asking of [stranger, neighbour]) {
        expect(await stores.files.find(asking, id)).toBeUndefined()
        expect(await stores.files.read(asking, id, 0, 20)).toBeUndefined()
        expect(await stores.files.base64(asking, id)).toBeUndefined()
      }
      expect(await stores.files.find(owner, randomUUID())).toBeUndefined()
    })

    it('a large data URL of a message is kept as a file, a small one stays in it', async () => {
      const chatId = randomUUID()
      const small = filePart(INLINE_FILE_BYTES)
      const large = filePart(INLINE_FILE_BYTES + 1)
      await begin([{ type: 'text', text: 'Look' } as never, small, large], owner, chatId)
      const parts = (await partsOf(chatId))!
      expect(parts[1]).toEqual(small)
      expect(parts[2]).toEqual({ ...large, url: expect.stringMatching(/^\/ai-chat\/files\//) })
      const id = String(parts[2]!['url']).split('/').at(-1)!
      expect(await stores.files.base64(owner, id)).toBe(large.url.split(',')[1])
      expect(await stores.files.find(owner, id)).toMatchObject({
        mediaType: 'image/png',
        filename: 'a.png',
      })
    })

    it('a message refers to files of its owner and to no others', async () => {
      const stranger = await somebody(stores)
      const own = await upload(pdf(30))
      const foreign = await upload(pdf(30), stranger)
      const part = (id: string) => ({
        type: 'file',
        mediaType: 'application/pdf',
        url: fileUrl(id),
      })
      const chatId = randomUUID()
      for (const id of [foreign.id, randomUUID()])
        await expect(begin([part(own.id), part(id)], owner, chatId)).rejects.toEqual(INVALID)
      expect(await partsOf(chatId)).toBeUndefined()
      await begin([part(own.id), part(own.id)], owner, chatId)
      expect(await partsOf(chatId)).toEqual([part(own.id), part(own.id)])
    })

    it('the files of an owner fit into their room, also simultaneous ones', async () => {
      const tidy = await somebody(stores)
      await upload(pdf(60), tidy, 100)
      await expect(upload(pdf(41), tidy, 100)).rejects.toEqual(FULL)
      await upload(pdf(40), tidy, 100)
      await upload(pdf(40), tidy, 100)
      await expect(upload(pdf(1), tidy, 100)).rejects.toEqual(FULL)
      const hasty = await somebody(stores)
      const uploads = [51, 52, 53, 54].map((size) => upload(pdf(size), hasty, 100))
      const ended = await Promise.allSettled(uploads)
      expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('a file that a run makes is kept while the run is held, and by nobody else', async () => {
      const { lease } = await heldRun(stores, owner)
      const { id } = await stores.files.keep(lease, pdf(70_000, 'made.pdf'))
      expect(await stores.files.find(owner, id)).toMatchObject({ size: 70_000 })
      expect((await stores.files.keep(lease, pdf(70_000, 'made.pdf'))).id).toBe(id)
      const late = { ...lease, epoch: lease.epoch - 1 }
      await expect(stores.files.keep(late, pdf(5))).rejects.toEqual(LEASE_LOST)
      await settleAs(stores, lease)
      await expect(stores.files.keep(lease, pdf(5))).rejects.toEqual(LEASE_LOST)
    })

    it('a file that nobody has used for a day goes, one that a chat uses stays', async () => {
      await stores.files.sweep()
      const { run, lease } = await heldRun(stores, owner)
      const used = await stores.files.keep(lease, pdf(81))
      const unused = await upload(pdf(82))
      await stores.ageFiles(23)
      expect(await stores.files.sweep()).toBe(0)
      const young = await upload(pdf(83))
      await stores.ageFiles(1)
      await stores.files.sweep()
      const left = async () =>
        Promise.all(
          [used, unused, young].map(async ({ id }) => !!(await stores.files.find(owner, id))),
        )
      expect(await left()).toEqual([true, false, true])
      expect(await stores.files.read(owner, unused.id, 0, 10)).toBeUndefined()
      await stores.ageFiles(24)
      await stores.files.sweep()
      expect(await left()).toEqual([true, false, false])
      await stores.deleteChat({ id: run.chatId, workspaceId: run.workspaceId })
      expect(await left()).toEqual([false, false, false])
    })

    it('a deleted chat takes its files along, except those that another chat uses', async () => {
      const [one, other] = [await heldRun(stores, owner), await heldRun(stores, owner)]
      const own = await stores.files.keep(one.lease, pdf(93))
      const shared = await stores.files.keep(one.lease, pdf(94))
      await stores.files.keep(other.lease, pdf(94))
      await stores.deleteChat({ id: one.run.chatId, workspaceId: one.run.workspaceId })
      expect(await stores.files.find(owner, own.id)).toBeUndefined()
      expect(await stores.files.find(owner, shared.id)).toBeDefined()
    })

    it('a file that is uploaded again, or used, begins a new day', async () => {
      const again = await upload(pdf(91))
      const used = await upload(pdf(92))
      await stores.ageFiles(25)
      await upload(pdf(91))
      const url = fileUrl(used.id)
      await begin([{ type: 'file', mediaType: 'application/pdf', url } as never])
      await stores.files.sweep()
      expect(await stores.files.find(owner, again.id)).toBeDefined()
      expect(await stores.files.find(owner, used.id)).toBeDefined()
    })

    it('a user begins as many runs as the limit says, however many ask at once', async () => {
      const busy = await somebody(stores)
      const limits = { ...resolveLimits(), activeRuns: 3 }
      const turns = Array.from({ length: 8 }, () => stores.runs.begin(turnOf(busy, { limits })))
      const ended = await Promise.allSettled(turns)
      const runs = ended.flatMap((one) => (one.status === 'fulfilled' ? one.value.run.id : []))
      expect(runs).toHaveLength(3)
      const refusal = ended.find(({ status }) => status === 'rejected')
      expect(refusal).toMatchObject({ reason: { code: 'TOO_MANY_ACTIVE_RUNS' } })
      await expect(stores.runs.begin(turnOf(busy, { limits }))).rejects.toMatchObject({
        code: 'TOO_MANY_ACTIVE_RUNS',
        activeRunIds: expect.arrayContaining(runs),
      })
      await begun(stores, await somebody(stores, busy.workspaceId), { limits })
      await stores.runs.requestStop(runs[0]!, busy.workspaceId)
      const seized = await stores.runs.seize(runs[0]!, 'one', 1000)
      await settleAs(stores, { runId: seized!.id, workspaceId: busy.workspaceId, epoch: 1 })
      await begun(stores, busy, { limits })
    })
  })
}
