/** Several runs are asked to stop at once, and only those that will settle as aborted are named. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { jsonPost, serveEngine, serving, type Serving } from './serving.ts'

const gate = createBarrier()

/** Ends what it answers to "quick", and nothing else. */
const model = scriptedModel(async function* (_call, { prompt }) {
  yield* textParts('Hm')
  if (!JSON.stringify(prompt.at(-1)).includes('quick')) await gate.wait()
  yield finishPart()
})

let server: Serving
beforeAll(async () => {
  server = await serving(defineAgent({ name: 'a', model }), { runLimits: { activeRuns: 40 } })
})
afterAll(() => server[Symbol.asyncDispose]())

const stop = async (runIds: unknown): Promise<unknown> =>
  (await server.post('/ai-chat/runs/stop', { runIds })).json()

const idsOf = (runs: readonly RunRecord[]) => runs.map(({ id }) => id)

it('runs of many chats settle as aborted, each named once and in the order of the request', async () => {
  const { outlast } = server
  const runs = await Promise.all(Array.from({ length: 30 }, () => outlast.ask('Forever')))
  const settled = await outlast.settled(await outlast.ask('quick'))
  const ids = idsOf(runs)
  expect(await stop([settled.id, ...ids, ids[0], randomUUID()])).toEqual({ stopped: ids })
  for (const run of runs) expect(await outlast.settled(run)).toMatchObject({ status: 'aborted' })
  expect(await stop(ids)).toEqual({ stopped: [] })
})

it('what belongs to somebody else goes on', async () => {
  const { outlast } = server
  const run = await outlast.ask('Forever')
  const principal = { workspaceId: 'w1', userId: 'stranger' }
  await outlast.principals.ensure(principal)
  const { http, url } = await serveEngine(outlast, server.errors, {}, principal)
  const answer = await fetch(`${url}/ai-chat/runs/stop`, jsonPost({ runIds: [run.id] }))
  expect(await answer.json()).toEqual({ stopped: [] })
  await http.close(0)
  expect(await stop([run.id])).toEqual({ stopped: [run.id] })
})

it.each([[[]], [undefined], ['one'], [[1]], [['a b']], [Array.from({ length: 101 }, randomUUID)]])(
  'what is no list of 1 to 100 ids is refused: %j',
  async (runIds) => {
    expect(await stop(runIds)).toMatchObject({ status: 400, code: 'INVALID_REQUEST' })
  },
)
