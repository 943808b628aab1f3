/** What every Admissions does: whom it lets in, in which order, and how many. */
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/domain/limits.ts'
import type { AdmissionBounds } from '../../src/engine/ports.ts'
import {
  begun,
  claimed,
  heldRun,
  LAPSED_MS,
  leaseOf,
  settleAs,
  somebody,
  turnOf,
  type OpenStores,
  type Stores,
} from './stores.ts'

const NO_LIMIT = Number.POSITIVE_INFINITY

const bounds = (rest: Partial<AdmissionBounds> = {}): AdmissionBounds => ({
  most: 100,
  workspaceRuns: NO_LIMIT,
  runs: NO_LIMIT,
  ...rest,
})

export const describeAdmissions = (name: string, open: OpenStores): void => {
  describe(`Admissions: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterEach(() => stores.clear())
    afterAll(() => stores[Symbol.asyncDispose]())

    const admit = async (rest: Partial<AdmissionBounds> = {}) => {
      const { offers } = await stores.admissions.admit(bounds(rest))
      return offers.map(({ runId }) => runId)
    }
    /** Each is a second younger than the one before. */
    const queued = async (workspaceId: string, count: number, age = 1000) => {
      const principal = await somebody(stores, workspaceId)
      const ids: string[] = []
      for (let index = 0; index < count; index += 1) {
        const { id } = await begun(stores, principal, { queued: true })
        await stores.backdate(id, age - index)
        ids.push(id)
      }
      return ids
    }

    it('lets each run in once, and offers it in the epoch in which nobody holds it', async () => {
      const [id] = await queued('w', 1)
      expect(await stores.runs.claim(id!, 'one', 1000)).toBeUndefined()
      expect(await stores.admissions.admit(bounds())).toEqual({
        offers: [{ runId: id, epoch: 0 }],
        left: false,
      })
      expect(await stores.admissions.admit(bounds())).toEqual({ offers: [], left: false })
      expect(await claimed(stores, id!)).toMatchObject({ status: 'running', leaseEpoch: 1 })
    })

    it('says that others are left', async () => {
      const ids = await queued('w', 3)
      const first = await stores.admissions.admit(bounds({ most: 2 }))
      expect(first).toEqual({
        offers: ids.slice(0, 2).map((runId) => ({ runId, epoch: 0 })),
        left: true,
      })
      expect(await stores.admissions.admit(bounds({ runs: 2 }))).toEqual({ offers: [], left: true })
      expect(await admit({ runs: 3 })).toEqual(ids.slice(2))
    })

    it('takes workspaces in turn: a hundred runs of one do not keep one of another waiting', async () => {
      const busy = await queued('busy', 100)
      const [alone] = await queued('alone', 1, 0)
      expect(await admit({ most: 3 })).toEqual([busy[0], alone, busy[1]])
      expect(await admit({ most: 2 })).toEqual(busy.slice(2, 4))
    })

    it('who has waited longest since its last turn comes first, however old its runs are', async () => {
      const old = await queued('old', 3, 9000)
      const [young] = await queued('young', 1, 0)
      const served: string[] = []
      for (let turn = 0; turn < 3; turn += 1) {
        const [next] = await admit({ most: 1 })
        served.push(next!)
        await settleAs(stores, leaseOf(await claimed(stores, next!)))
      }
      expect(served).toEqual([old[0], young, old[1]])
    })

    it('prefers the workspace that has fewest in, then who waits longest', async () => {
      await heldRun(stores, await somebody(stores, 'a'))
      const [a1] = await queued('a', 1, 3000)
      const [b1, b2] = await queued('b', 2, 1000)
      const [c1] = await queued('c', 1, 2000)
      expect(await admit({ most: 3 })).toEqual([c1, b1, a1])
      expect(await admit()).toEqual([b2])
    })

    it('lets in no more than the limits, of a workspace and of the whole', async () => {
      const a = await queued('a', 5)
      const b = await queued('b', 5, 500)
      expect(await admit({ workspaceRuns: 2, runs: 3 })).toEqual([a[0], b[0], a[1]])
      expect(await admit({ workspaceRuns: 2, runs: 3 })).toEqual([])
      expect(await admit({ workspaceRuns: 2, runs: 10 })).toEqual([b[1]])
      const lease = leaseOf(await claimed(stores, a[0]!))
      expect(await admit({ workspaceRuns: 2 })).toEqual([])
      await settleAs(stores, lease)
      expect(await admit({ workspaceRuns: 2 })).toEqual([a[2]])
    })

    it('knows limits of any size: many workers can take many runs together', async () => {
      const ids = await queued('w', 2)
      const many = Number.MAX_SAFE_INTEGER
      expect(await admit({ most: 1, runs: many, workspaceRuns: many })).toEqual(ids.slice(0, 1))
    })

    it('knows the run that its beginning let in, and none that is bound', async () => {
      const principal = await somebody(stores, 'a')
      const run = await begun(stores, principal, { queued: true, admitted: true })
      const bound = await begun(stores, principal, { bound: true, admitted: true })
      expect(await stores.admissions.admit(bounds())).toEqual({ offers: [], left: false })
      expect(await stores.admissions.state()).toMatchObject({ pending: 0, admitted: 2 })
      for (const { id } of [run, bound])
        expect(await stores.runs.claim(id, 'one', 1000)).toMatchObject({ status: 'running' })
    })

    it('counts runs whose lease has lapsed and bound ones, and lets no bound one in', async () => {
      const principal = await somebody(stores, 'a')
      await heldRun(stores, principal, { ttlMs: LAPSED_MS })
      await begun(stores, principal, { bound: true })
      const [id] = await queued('a', 1, 0)
      expect(await admit({ workspaceRuns: 2 })).toEqual([])
      expect(await admit({ workspaceRuns: 3 })).toEqual([id])
    })

    it('never lets in what its caller executes, what is stopped, or what has settled', async () => {
      const principal = await somebody(stores)
      const chat = await stores.insertChat(principal)
      await stores.insertExternalRun({ principal, chatId: chat.id })
      const stopped = await begun(stores, principal, { queued: true })
      await stores.runs.requestStop(stopped.id, principal.workspaceId)
      expect(await stores.admissions.admit(bounds())).toEqual({ offers: [], left: false })
      expect(await stores.admissions.state()).toMatchObject({ pending: 0, admitted: 0 })
    })

    it('who waits for a person holds no place, and waits for one when it goes on', async () => {
      const { run, lease } = await heldRun(stores, await somebody(stores, 'a'))
      const [next] = await queued('a', 1, 0)
      expect(await admit({ workspaceRuns: 1 })).toEqual([])
      await stores.runs.wait(lease)
      expect(await admit({ workspaceRuns: 1 })).toEqual([next])
      await stores.runs.decide(lease, 'u', [])
      expect(await stores.runs.claim(run.id, 'two', 1000)).toBeUndefined()
      expect(await admit({ workspaceRuns: 1 })).toEqual([])
      expect(await stores.admissions.admit(bounds())).toMatchObject({
        offers: [{ runId: run.id, epoch: 1 }],
      })
    })

    it('what was let in and not claimed is unheld after 2 s, and what waits to be let in never is', async () => {
      const [lost, young, waiting] = await queued('a', 3)
      await admit({ most: 2 })
      await stores.backdate(lost!, 3)
      await stores.letIn(young!)
      const unheld = (await stores.runs.findUnheld(10)).map(({ id }) => id)
      expect(unheld).toEqual([lost])
      expect(unheld).not.toContain(waiting)
    })

    it('tells how many wait, for how long, and how many are in', async () => {
      await queued('a', 3, 100)
      await admit({ most: 1 })
      const state = await stores.admissions.state()
      expect(state).toMatchObject({ pending: 2, admitted: 1 })
      expect(state.oldestMs).toBeGreaterThanOrEqual(98_000)
      expect(state.oldestMs).toBeLessThan(200_000)
    })

    it('eight that admit at the same time never exceed a limit, and let each run in once', async () => {
      for (const workspaceId of ['a', 'b', 'c']) await queued(workspaceId, 10)
      const asked = Array.from({ length: 8 }, (_, index) =>
        admit({ most: 1 + index, workspaceRuns: 4, runs: 10 }),
      )
      const ids = (await Promise.all(asked)).flat()
      expect(new Set(ids).size).toBe(ids.length)
      expect(await stores.admissions.state()).toMatchObject({ admitted: 10, pending: 20 })
      const free = (await Promise.all(asked.map(() => admit()))).flat()
      expect(new Set([...ids, ...free]).size).toBe(30)
    })

    it('a new turn is refused when as many runs wait as may', async () => {
      const principal = await somebody(stores, 'a')
      const begin = (limits: object, who = principal) =>
        stores.runs.begin(turnOf(who, { limits: { ...resolveLimits(), ...limits } }))
      await queued('a', 2)
      await expect(begin({ workspacePendingRuns: 2 })).rejects.toMatchObject({
        code: 'QUEUE_FULL',
        message: expect.stringContaining('In this workspace 2 runs wait'),
      })
      await expect(begin({ pendingRuns: 2 })).rejects.toMatchObject({
        code: 'QUEUE_FULL',
        message: expect.stringMatching(/^2 runs wait/),
      })
      const other = await somebody(stores, 'b')
      expect(await begin({ workspacePendingRuns: 2 }, other)).toMatchObject({ kind: 'begun' })
      await admit({ most: 1 })
      expect(await begin({ workspacePendingRuns: 3, pendingRuns: 3 })).toMatchObject({
        kind: 'begun',
      })
      await stores.setSettings('a', { ai: { autonomousRuns: false } })
      expect(await begin({ pendingRuns: 1 })).toMatchObject({ run: { bound: true } })
    })

    it('whatever arrives and ends, nobody waits while a workspace with more is served', async () => {
      const command = fc.oneof(
        { weight: 3, arbitrary: fc.record({ kind: fc.constant('begin'), at: fc.nat(3) }) },
        {
          weight: 2,
          arbitrary: fc.record({ kind: fc.constant('admit'), at: fc.integer({ min: 1, max: 4 }) }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle'), at: fc.nat(20) }) },
      )
      const limits = fc.record({
        workspaceRuns: fc.integer({ min: 1, max: 4 }),
        runs: fc.integer({ min: 1, max: 8 }),
      })
      let round = 0
      const act = async (
        commands: readonly { readonly kind: string; readonly at: number }[],
        most: Pick<AdmissionBounds, 'runs' | 'workspaceRuns'>,
      ) => {
        round += 1
        const spaces = [0, 1, 2, 3].map((space) => `${round}-${space}`)
        const people = await Promise.all(spaces.map((space) => somebody(stores, space)))
        const settle = async (id: string) => settleAs(stores, leaseOf(await claimed(stores, id)))
        const line = modelOf(most)
        for (const { kind, at } of commands) {
          if (kind === 'begin') {
            const { id } = await begun(stores, people[at]!, { queued: true })
            line.arrive(id, spaces[at]!)
          } else if (kind === 'settle') {
            const [run] = line.inside.splice(at % Math.max(1, line.inside.length), 1)
            if (run) await settle(run.id)
          } else {
            expect(await admit({ ...most, most: at })).toEqual(line.admit(at))
          }
        }
        for (const { id } of line.inside) await settle(id)
        for (const id of await admit()) await settle(id)
      }
      const commands = fc.array(command, { minLength: 5, maxLength: 25 })
      await fc.assert(fc.asyncProperty(commands, limits, act), { numRuns: 15 })
    })
  })
}

type Waiting = { readonly id: string; readonly space: string; readonly at: number }

/** Who comes next, one after the other, told in another way. */
const modelOf = ({ runs, workspaceRuns }: Pick<AdmissionBounds, 'runs' | 'workspaceRuns'>) => {
  let time = 0
  const waiting: Waiting[] = []
  const inside: Waiting[] = []
  const served = new Map<string, number>()
  const has = (space: string) => inside.filter((run) => run.space === space).length
  const since = ({ space }: Waiting) =>
    Math.max(waiting.find((run) => run.space === space)!.at, served.get(space) ?? 0)
  return {
    inside,
    arrive: (id: string, space: string) => void waiting.push({ id, space, at: (time += 1) }),
    admit: (most: number): string[] => {
      const waits = new Map(waiting.map((run) => [run.space, since(run)]))
      const before = inside.length
      while (inside.length - before < most && inside.length < runs) {
        const [next] = waiting
          .filter(({ space }) => has(space) < workspaceRuns)
          .toSorted(
            (a, b) =>
              has(a.space) - has(b.space) ||
              waits.get(a.space)! - waits.get(b.space)! ||
              a.at - b.at,
          )
        if (!next) break
        waiting.splice(waiting.indexOf(next), 1)
        inside.push(next)
      }
      time += 1
      for (const { space } of inside.slice(before)) served.set(space, time)
      return inside.slice(before).map(({ id }) => id)
    },
  }
}
