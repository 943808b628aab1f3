/** What every RunOverview does. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NO_RUNS, type TimeRange } from '../../src/domain/overview.ts'
import type { Principal, RunOutcome } from '../../src/domain/run.ts'
import type { StepInfo } from '../../src/domain/step.ts'
import {
  begun,
  heldRun,
  leaseOf,
  settleAs,
  somebody,
  stepOf,
  TTL_MS,
  type OpenStores,
  type Stores,
} from './stores.ts'

const HOUR = 3_600_000
const at = (hour: number, ms = 0) => new Date(Date.UTC(2026, 2, 1, hour) + ms)
const DAY: TimeRange = { from: at(0), to: at(24) }

const FAILED: RunOutcome = { status: 'failed', code: 'max_steps', error: 'Too many.' }

export const describeRunOverview = (name: string, open: OpenStores): void => {
  describe(`RunOverview: ${name}`, () => {
    let stores: Stores
    beforeAll(async () => {
      stores = await open()
    })
    afterAll(() => stores[Symbol.asyncDispose]())

    type Seed = {
      hour: number
      ms?: number
      outcome?: RunOutcome
      agent?: string
      steps?: readonly Partial<StepInfo>[]
    }

    /** A run of that hour that took so long; without an outcome it is still running. */
    const run = async (principal: Principal, seed: Seed) => {
      const { hour, ms = 0, outcome, agent = 'tester', steps = [] } = seed
      const { lease } = await heldRun(stores, principal, { agent })
      for (const [index, info] of steps.entries()) {
        const step = stepOf(lease, index)
        await stores.journal.appendStep(lease, { ...step, info: { ...step.info!, ...info } })
      }
      if (outcome) await stores.runs.settle(lease, { outcome, calls: [] }, () => [])
      const started = at(hour, 1000)
      await stores.dateRun(lease.runId, {
        createdAt: at(hour),
        startedAt: started,
        finishedAt: outcome ? new Date(started.getTime() + ms) : null,
      })
      return lease
    }

    const SUCCEEDED: RunOutcome = { status: 'succeeded' }
    const spent = (inputTokens: number, costMicros?: number) => ({
      usage: { inputTokens, outputTokens: 1 },
      costMicros,
    })

    it('counts the runs of a range by what they came to, with what they used', async () => {
      const principal = await somebody(stores)
      await run(principal, {
        hour: 1,
        ms: 1000,
        outcome: SUCCEEDED,
        steps: [spent(10, 5), spent(20)],
      })
      await run(principal, { hour: 1, ms: 3000, outcome: SUCCEEDED })
      await run(principal, { hour: 2, ms: 2000, outcome: FAILED, steps: [spent(1)] })
      await run(principal, { hour: 2, outcome: { status: 'aborted' } })
      await run(principal, { hour: 23 })
      const { totals, buckets } = await stores.overview.statistics(principal, DAY, HOUR)
      expect(totals).toEqual({
        ...{ runs: 5, succeeded: 2, failed: 1, aborted: 1, active: 1 },
        ...{ inputTokens: 31, outputTokens: 3, costMicros: 5 },
        durationMs: { p50: 1500, p90: expect.closeTo(2700), p99: expect.closeTo(2970) },
      })
      expect(buckets).toMatchObject([
        { at: at(1), runs: 2, succeeded: 2, failed: 0, inputTokens: 30, costMicros: 5 },
        { at: at(2), runs: 2, failed: 1, aborted: 1, inputTokens: 1, costMicros: null },
        { at: at(23), runs: 1, active: 1, inputTokens: 0, durationMs: null },
      ])
    })

    it('has no run before the range, at its end or after it', async () => {
      const principal = await somebody(stores)
      for (const hour of [1, 2, 3]) await run(principal, { hour, outcome: SUCCEEDED })
      const range = { from: at(2), to: at(3) }
      const { totals, buckets } = await stores.overview.statistics(principal, range, HOUR)
      expect(totals.runs).toBe(1)
      expect(buckets.map((bucket) => bucket.at)).toEqual([at(2)])
      const none = { from: at(4), to: at(5) }
      expect(await stores.overview.statistics(principal, none, HOUR)).toEqual({
        totals: NO_RUNS,
        ...{ buckets: [], byAgent: [], byModel: [], byError: [] },
      })
    })

    it('begins buckets at multiples of their size', async () => {
      const principal = await somebody(stores)
      await run(principal, { hour: 5, outcome: SUCCEEDED })
      const { buckets } = await stores.overview.statistics(principal, DAY, 2 * HOUR)
      expect(buckets.map((bucket) => bucket.at)).toEqual([at(4)])
    })

    it('tells agents, models and errors apart, the most frequent first', async () => {
      const principal = await somebody(stores)
      const large = { provider: 'p', modelId: 'large', ...spent(7, 2) }
      const small = { provider: 'q', modelId: 'small', ...spent(1) }
      await run(principal, { hour: 1, agent: 'b', outcome: SUCCEEDED, steps: [large, small] })
      await run(principal, { hour: 2, agent: 'a', outcome: FAILED, steps: [large] })
      await run(principal, { hour: 3, agent: 'a', outcome: FAILED })
      const other = { ...FAILED, code: 'agent_error' } as const
      await run(principal, { hour: 3, agent: 'a', outcome: other })
      const { byAgent, byModel, byError } = await stores.overview.statistics(principal, DAY, HOUR)
      expect(byAgent).toMatchObject([
        { agent: 'a', runs: 3, succeeded: 0, failed: 3, inputTokens: 7 },
        { agent: 'b', runs: 1, succeeded: 1, failed: 0, inputTokens: 8 },
      ])
      expect(byModel).toEqual([
        {
          provider: 'p',
          modelId: 'large',
          steps: 2,
          inputTokens: 14,
          outputTokens: 2,
          costMicros: 4,
        },
        {
          provider: 'q',
          modelId: 'small',
          steps: 1,
          inputTokens: 1,
          outputTokens: 1,
          costMicros: null,
        },
      ])
      expect(byError).toEqual([
        { errorCode: 'max_steps', runs: 2 },
        { errorCode: 'agent_error', runs: 1 },
      ])
    })

    it('does not count what was superseded as an error', async () => {
      const principal = await somebody(stores)
      const chatId = randomUUID()
      const { lease } = await heldRun(stores, principal, { chatId })
      await stores.runs.wait(lease)
      await begun(stores, principal, { chatId })
      const range = { from: new Date(Date.now() - HOUR), to: new Date(Date.now() + HOUR) }
      const { totals, byError } = await stores.overview.statistics(principal, range, HOUR)
      expect(totals).toMatchObject({ runs: 2, aborted: 1, active: 1, failed: 0 })
      expect(byError).toEqual([])
    })

    it('has leases on held runs, of one owner', async () => {
      const principal = await somebody(stores)
      const chatId = randomUUID()
      const { run: held } = await heldRun(stores, principal, { chatId })
      const { lease } = await heldRun(stores, principal)
      await settleAs(stores, lease)
      await begun(stores, principal)
      const given = await heldRun(stores, principal)
      await stores.runs.release([given.lease])
      expect(await stores.overview.leases(principal)).toEqual([
        {
          ...{ runId: held.id, chatPublicId: chatId, epoch: 1, holder: 'one' },
          expiresAt: expect.any(Date),
        },
      ])
    })

    it('has nothing of a colleague, nor of a namesake in another workspace', async () => {
      const owner = await somebody(stores)
      await run(owner, { hour: 1, outcome: FAILED, steps: [spent(1)] })
      const left = await begun(stores, owner)
      expect(leaseOf((await stores.runs.claim(left.id, 'one', TTL_MS))!).epoch).toBe(1)
      const colleague = await somebody(stores, owner.workspaceId)
      const namesake = { ...owner, workspaceId: (await somebody(stores)).workspaceId }
      await stores.ensure(namesake)
      for (const stranger of [colleague, namesake]) {
        expect(await stores.overview.statistics(stranger, DAY, HOUR)).toEqual({
          totals: NO_RUNS,
          ...{ buckets: [], byAgent: [], byModel: [], byError: [] },
        })
        expect(await stores.overview.leases(stranger)).toEqual([])
      }
    })
  })
}
