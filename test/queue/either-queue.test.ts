import { expect, it } from 'vitest'
import type { RunQueue } from '../../src/engine/ports.ts'
import { createEitherQueue } from '../../src/queue/either-queue.ts'
import { createLocalQueue } from '../../src/queue/local.ts'
import { describeRunQueue } from '../conformance/run-queue.ts'

const fleetQueue = (): RunQueue => ({ ...createLocalQueue(), reach: 'fleet' })

const either = (isAway: boolean) =>
  createEitherQueue({ far: fleetQueue(), near: createLocalQueue(), isAway: () => isAway })

describeRunQueue('of a fleet that is there', () => either(false))
describeRunQueue('of a fleet that is away', () => either(true))

it('what cannot go far stays near, for as long as it cannot', async () => {
  let isAway = false
  const [far, near] = [fleetQueue(), createLocalQueue()]
  const queue = createEitherQueue({ far, near, isAway: () => isAway })
  const taken: string[] = []
  const takes = (who: string) => async () => {
    taken.push(who)
    return 'handled' as const
  }
  far.work(takes('another process'), 1)
  near.work(takes('this process'), 1)
  for (const now of [false, true, false]) {
    isAway = now
    taken.push(queue.reach)
    await queue.offer({ runId: 'a', epoch: 0 })
  }
  expect(taken).toEqual([
    'fleet',
    'another process',
    'process',
    'this process',
    'fleet',
    'another process',
  ])
})
