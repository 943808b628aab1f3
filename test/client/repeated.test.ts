/** With a version of the AI SDK that cannot take a step back, a followed chat shows its history and the answer anew. */
import type * as ai from 'ai'
import { APICallError } from 'ai'
import { afterEach, expect, it, vi } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel } from '../support/scripted-model.ts'
import { chatting, expectStored } from './chatting.ts'
import { atRest, followedTab, shows, type FollowedTab } from './followed-tab.ts'
import { eventually } from '../support/eventually.ts'

vi.mock('ai', async (load) => {
  const original = await load<typeof ai>()
  const withoutReset = () =>
    new TransformStream<ai.UIMessageChunk, ai.UIMessageChunk>({
      transform: (chunk, controller) => {
        if (chunk.type !== 'reset-step') controller.enqueue(chunk)
      },
    })
  const readUIMessageStream: typeof ai.readUIMessageStream = ({ stream, ...rest }) =>
    original.readUIMessageStream({ ...rest, stream: stream.pipeThrough(withoutReset()) })
  return { ...original, readUIMessageStream }
})

let tab: FollowedTab | undefined
afterEach(() => tab?.close())

it('a step that is made again is shown once, and nobody has to ask for it', async () => {
  const gates = [createBarrier(), createBarrier()]
  const model = scriptedModel(async function* (call) {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: call === 0 ? 'Half' : 'Whole' }
    await gates[call]?.wait()
    if (call === 0) {
      const [url, requestBodyValues] = ['http://model', {}]
      const message = 'The model went away.'
      yield {
        type: 'error',
        error: new APICallError({ message, url, requestBodyValues, isRetryable: true }),
      }
      return
    }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  await using setting = await chatting(defineAgent({ name: 'a', model }))
  tab = followedTab(setting)
  await eventually(() => expect(tab!.followed.state.get().run).toBeNull())
  // Nothing is told between the beginning of the answer and its end.
  setting.network.down()
  await setting.server.outlast.ask('Hello', 'c1')
  await gates[0]?.reached
  setting.network.up()
  await shows(tab, ['Hello', 'Half'])
  gates[0]?.release()
  await shows(tab, ['Hello', 'Whole'])
  expect(tab.chat.status).toBe('streaming')
  gates[1]?.release()
  await atRest(tab)
  expect(tab.chat.status).toBe('ready')
  expect(tab.followed.state.get()).toMatchObject({ unsent: undefined, trouble: undefined })
  await expectStored(tab, setting.server)
})
