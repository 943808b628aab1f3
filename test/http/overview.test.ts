/** What a user's runs came to, and who executes them, over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createOutlastClient } from '../../src/client/client.ts'
import type { Overview } from '../../src/client/types.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { serveEngine, serving, type Serving } from './serving.ts'

const gate = createBarrier()

/** Fails, waits or answers, as it is asked. */
const model = scriptedModel(async function* (_call, { prompt }) {
  const asked = JSON.stringify(prompt.at(-1))
  if (asked.includes('Fail')) throw new TypeError('broken')
  yield* textParts('Fine')
  if (asked.includes('Wait')) await gate.wait()
  yield finishPart()
})

let server: Serving
beforeAll(async () => {
  server = await serving(defineAgent({ name: 'answerer', model, maxRetries: 0 }))
  const { outlast } = server
  for (const text of ['Hi', 'Fail']) await outlast.settled(await outlast.ask(text))
})
afterAll(() => server[Symbol.asyncDispose]())

const overview = async (query = ''): Promise<Overview> =>
  (await (await server.get(`/ai-chat/overview${query}`)).json()) as Overview

describe('the overview', () => {
  it('is of the last day unless it is asked for another range', async () => {
    const { from, to, buckets, totals, byAgent, byModel, byError, agents } = await overview()
    expect(Date.parse(to) - Date.parse(from)).toBe(86_400_000)
    expect(totals).toMatchObject({ runs: 2, succeeded: 1, failed: 1, active: 0 })
    expect(totals.durationMs?.p50).toBeGreaterThan(0)
    expect(buckets.at(-1)).toMatchObject({ succeeded: 1, failed: 1 })
    expect(buckets.slice(0, -1).every(({ succeeded }) => succeeded === 0)).toBe(true)
    expect(byAgent).toMatchObject([{ agent: 'answerer', runs: 2, succeeded: 1, failed: 1 }])
    expect(byModel).toMatchObject([{ provider: 'scripted', modelId: 'scripted-1', steps: 2 }])
    expect(byError).toEqual([{ errorCode: expect.any(String), runs: 1 }])
    expect(agents).toEqual(['answerer'])
  })

  it('of a range without a run is full of nothing, and names the agents of the server', async () => {
    const { totals, buckets, bucketMs, agents } = await overview(
      '?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
    )
    expect(totals).toMatchObject({ runs: 0, costMicros: null, durationMs: null })
    expect(bucketMs).toBe(1_800_000)
    expect(buckets).toHaveLength(48)
    expect(buckets[0]).toMatchObject({ at: '2026-01-01T00:00:00.000Z', succeeded: 0 })
    expect(agents).toEqual(['answerer'])
  })

  it.each([
    ['?from=yesterday', 'ISO 8601'],
    ['?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'before'],
    ['?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'before'],
    ['?from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', '366 days'],
  ])('of %s is refused', async (query, reason) => {
    expect(await overview(query)).toMatchObject({
      code: 'INVALID_REQUEST',
      detail: expect.stringContaining(reason),
    })
  })

  it('has a worker that was not seen for 30 s as one that is not alive', async () => {
    const { db } = server.outlast
    const seenAt = (seconds: number) => new Date(Date.now() - 1000 * seconds)
    const silent = { id: 'silent', version: '0.0.1', seenAt: seenAt(31) }
    const slow = { id: 'slow', version: '0.0.1', seenAt: seenAt(20) }
    await db.insertInto('workers').values([silent, slow]).execute()
    const { workers } = await overview()
    const isAlive = Object.fromEntries(workers.map((worker) => [worker.id, worker.isAlive]))
    expect(isAlive).toMatchObject({ silent: false, slow: true })
    await db.deleteFrom('workers').where('id', 'in', ['silent', 'slow']).execute()
  })

  it('has the worker with the runs that it holds, for their owner alone', async () => {
    const { outlast } = server
    const run = await outlast.ask('Wait', 'held')
    await gate.reached
    const client = createOutlastClient({ url: `${server.url}/ai-chat`, share: false })
    const { workers } = await client.overview()
    expect(workers).toMatchObject([
      {
        id: expect.stringMatching(/^[0-9a-f]{12}$/),
        isAlive: true,
        version: expect.stringMatching(/^\d/),
        concurrency: null,
        leases: [{ runId: run.id, chatId: 'held', epoch: 1 }],
      },
    ])
    const { holds } = await client.runs.find(run.id)
    expect(holds[0]?.worker).toBe(workers[0]?.id)
    const principal = { workspaceId: 'w1', userId: 'stranger' }
    await outlast.principals.ensure(principal)
    const { http, url } = await serveEngine(outlast, server.errors, {}, principal)
    const foreign = (await (await fetch(`${url}/ai-chat/overview`)).json()) as Overview
    expect(foreign).toMatchObject({ totals: { runs: 0 }, byAgent: [], workers: [{ leases: [] }] })
    await http.close(0)
    gate.release()
    await outlast.settled(run)
  })
})
