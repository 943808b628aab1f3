import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tool } from 'ai'
import { describe, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast } from '../support/engine.ts'
import * as fake from '../support/fake-provider.ts'

const { text, reasoning, toolCall, finish, hang, reset, status } = fake

const call = (name: string): fake.Action[] =>
  toolCall({ id: 'c1', name, arguments: '{"path":"a"}' })

/** What the provider does in the first turn, and whether somebody stops the run. */
const ends: readonly [string, fake.Turn[], 'stop' | 'stop in tool' | 'by itself'][] = [
  ['a stop before the first chunk', [[hang()]], 'stop'],
  ['a stop in a text', [[text('I was say'), hang()]], 'stop'],
  ['a stop in a reasoning', [[reasoning('Let me'), hang()]], 'stop'],
  ['a stop in the input of a call', [[text('Well'), call('wait').slice(0, 2), hang()]], 'stop'],
  ['a stop in a tool', [[text('Well'), call('wait'), finish('tool_calls')]], 'stop in tool'],
  ['a stop after a tool', [[call('look'), finish('tool_calls')], [hang()]], 'stop'],
  ['an error', [[status(400)]], 'by itself'],
  [
    'a reset',
    [
      [text('Half'), reset()],
      [text('Half'), reset()],
      [text('Half'), reset()],
    ],
    'by itself',
  ],
  ['the output limit in a call', [[call('look'), finish('length')]], 'by itself'],
  [
    'input that does not fit',
    [
      [toolCall({ id: 'c1', name: 'look', arguments: '{' }), finish('tool_calls')],
      [text('Ok'), finish()],
    ],
    'by itself',
  ],
]

describe.concurrent('a chat goes on, with a provider that checks every message, after', () => {
  it.for(ends)('%s', async ([_name, turns, how], { expect }) => {
    await using provider = await fake.startFakeProvider({ strict: true })
    const last: fake.Turn = [text('Gladly'), finish()]
    let next = 0
    let second = false
    provider.script(() => (second ? last : turns[next++]!))
    const inTool = createBarrier()
    const inputSchema = z.object({ path: z.string() })
    const tools = {
      look: tool({ inputSchema, execute: async () => 'seen' }),
      wait: tool({ inputSchema, execute: () => inTool.wait() }),
    }
    const model = createOpenAICompatible({ name: 'fake', baseURL: provider.url })('m')
    await using outlast = await testOutlast([defineAgent({ name: 'a', model, tools })])
    const run = await outlast.ask('First', 'chat')
    if (how === 'stop') await provider.request(turns.length - 1)
    if (how === 'stop in tool') await inTool.reached
    if (how !== 'by itself') await outlast.engine.stop(outlast.principal, { runId: run.id })
    const settled = await outlast.settled(run)
    if (how !== 'by itself') expect(settled.status).toBe('aborted')
    second = true
    const again = await outlast.settled(await outlast.ask('Second', 'chat'))
    expect(again).toMatchObject({ status: 'succeeded', error: null })
    const { messages } = provider.requests.at(-1)!.body
    expect(messages.filter(({ role }) => role === 'user').map(({ content }) => content)).toEqual([
      'First',
      'Second',
    ])
  })
})
