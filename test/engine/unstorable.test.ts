import { tool } from 'ai'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { storedParts, testOutlast, withFastClock } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

it('a run whose message the database refuses fails, and its chat goes on', async () => {
  const model = scriptedModel(() => [...textParts('Fine'), finishPart()])
  let refuse = true
  await using outlast = await testOutlast([defineAgent({ name: 'a', model })], {}, (ports) => {
    const fast = withFastClock(ports)
    const settle: typeof fast.store.settle = (lease, settlement, project) =>
      fast.store.settle(lease, settlement, (run, journal) => {
        const parts = project(run, journal)
        // What jsonb says of an array beyond its size.
        if (refuse && parts.length > 0) throw new RangeError('total size of jsonb array elements')
        return parts
      })
    return { ...fast, store: { ...fast.store, settle } }
  })
  const run = await outlast.ask('Hi', 'chat')
  expect(await outlast.settled(run)).toMatchObject({
    status: 'failed',
    errorCode: 'internal_error',
  })
  expect(outlast.errors).toMatchObject([{ message: expect.stringContaining('jsonb') }])
  refuse = false
  const next = await outlast.settled(await outlast.ask('Again', 'chat'))
  expect(next).toMatchObject({ status: 'succeeded' })
})

it('an output beyond the limit is cut, and says so to the model and to people', async () => {
  const long = tool({ inputSchema: z.object({}), execute: async () => 'x'.repeat(1_500_000) })
  const model = scriptedModel((call) =>
    call === 0
      ? [...toolCallParts({ id: 'c1', name: 'long', input: {} }), finishPart('tool-calls')]
      : [...textParts('Done'), finishPart()],
  )
  await using outlast = await testOutlast([defineAgent({ name: 'a', model, tools: { long } })])
  const run = await outlast.ask('Hi')
  expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
  const said = JSON.stringify(model.prompts[1]!.at(-1))
  expect(said.length).toBeLessThan(1_001_000)
  expect(said).toContain('Cut: the output of the tool had 1500000 characters')
  expect(JSON.stringify(await storedParts(outlast, run))).toContain('Cut: the output')
})
