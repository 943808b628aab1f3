import { expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { testOutlast, withFastClock } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

it('who attaches to a run whose chat is just being removed hears that there is no such run', async () => {
  const agent = defineAgent({
    name: 'a',
    model: scriptedModel(() => [...textParts('Hi'), finishPart()]),
  })
  let isLate = false
  const decorate = (ports: WorkerPorts): WorkerPorts => {
    const fast = withFastClock(ports)
    const { conversations } = fast
    const findRun: typeof conversations.findRun = async (principal, runId) => {
      const run = await conversations.findRun(principal, runId)
      if (isLate) await outlast.chats.remove(principal, 'c1')
      return run
    }
    return { ...fast, conversations: { ...conversations, findRun } }
  }
  await using outlast = await testOutlast([agent], {}, decorate)
  const run = await outlast.ask('Hi', 'c1')
  await outlast.settled(run)
  isLate = true
  const late = outlast.engine.attach(outlast.principal, { runId: run.id })
  await expect(late).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
})
