import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

it('who removes a chat that is just being removed hears that there is no such chat', async () => {
  const answering = createBarrier()
  const model = scriptedModel(async function* () {
    await answering.wait()
    yield* [...textParts('Hi'), finishPart()]
  })
  const looked = createBarrier()
  let isLate = false
  const decorate = (ports: WorkerPorts): WorkerPorts => {
    const fast = withFastClock(ports)
    const latestRun: WorkerPorts['conversations']['latestRun'] = async (...args) => {
      const run = await fast.conversations.latestRun(...args)
      if (isLate) {
        isLate = false
        await looked.wait()
      }
      return run
    }
    return { ...fast, conversations: { ...fast.conversations, latestRun } }
  }
  await using outlast = await testOutlast([defineAgent({ name: 'a', model })], {}, decorate)
  const { chats, principal } = outlast
  const chatId = randomUUID()
  await outlast.ask('Hi', chatId)
  await answering.reached
  isLate = true
  const late = chats.remove(principal, chatId)
  await looked.reached
  await chats.remove(principal, chatId)
  looked.release()
  answering.release()
  await expect(late).rejects.toMatchObject({ code: 'CHAT_NOT_FOUND' })
})
