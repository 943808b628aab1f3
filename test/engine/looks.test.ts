import { describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/worker.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'

/** An Outlast in which something happens once between two reads of one question. */
const interrupted = async (before: 'messages' | 'message') => {
  const gates = [createBarrier(), createBarrier()] as const
  const happening: { act?: () => Promise<unknown> } = {}
  const model = scriptedModel(async function* (call) {
    await gates[call]?.wait()
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
    const reads = { [before]: first(conversations[before] as never) }
    return { ...withFastClock(ports), conversations: { ...conversations, ...reads } }
  }
  const outlast = await testOutlast([defineAgent({ name: 'a', model })], {}, decorate)
  return { outlast, gates, happening }
}

describe('what is said of a chat', () => {
  it('is never an empty answer of nobody, when a run begins meanwhile', async () => {
    const { outlast, gates, happening } = await interrupted('messages')
    await using _closed = outlast
    gates[0].release()
    await outlast.settled(await outlast.ask('One', 'chat'))
    happening.act = () => outlast.ask('Two', 'chat')
    const { messages, activeRun } = await outlast.engine.history(outlast.principal, 'chat')
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(activeRun).toMatchObject({ status: expect.stringMatching(/pending|running/) })
  })

  it('is never a finished message of a run that is not, when it settles meanwhile', async () => {
    const { outlast, gates, happening } = await interrupted('message')
    await using _closed = outlast
    const run = await outlast.ask('One', 'chat')
    await gates[0].reached
    happening.act = async () => {
      const tail = outlast.tail(run)
      gates[0].release()
      await tail
    }
    expect(await outlast.engine.latest(outlast.principal, 'chat')).toMatchObject({
      run: { status: 'succeeded' },
      message: { status: 'completed', parts: [{ type: 'step-start' }, { text: 'Hello' }] },
    })
  })
})
