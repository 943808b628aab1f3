import { describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

/** An Outlast in which something happens once between two reads of one question. */
const interrupted = async () => {
  const gate = createBarrier()
  const happening: { act?: () => Promise<unknown> } = {}
  const model = scriptedModel(async function* () {
    await gate.wait()
    yield* [...textParts('Hello'), finishPart()]
  })
  const decorate = (ports: WorkerPorts): WorkerPorts => {
    const { conversations } = ports
    const first =
      <Args extends unknown[], Result>(read: (...args: Args) => Promise<Result>) =>
      async (...args: Args): Promise<Result> => {
        const { act } = happening
        delete happening.act
        await act?.()
        return read(...args)
      }
    const message = first(conversations.message)
    return { ...withFastClock(ports), conversations: { ...conversations, message } }
  }
  const outlast = await testOutlast([defineAgent({ name: 'a', model })], {}, decorate)
  return { outlast, gate, happening }
}

describe('what is said of a chat', () => {
  it('is never a finished message of a run that is not, when it settles meanwhile', async () => {
    const { outlast, gate, happening } = await interrupted()
    await using _closed = outlast
    const run = await outlast.ask('One', 'chat')
    await gate.reached
    happening.act = async () => {
      const tail = outlast.tail(run)
      gate.release()
      await tail
    }
    expect(await outlast.engine.latest(outlast.principal, 'chat')).toMatchObject({
      run: { status: 'succeeded' },
      message: { status: 'completed', parts: [{ type: 'step-start' }, { text: 'Hello' }] },
    })
  })
})
