/** What a run asks of its database is counted: each statement is a way there and back before somebody reads on. */
import { tool } from 'ai'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { collect, testOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

/** Looks that come by the clock are not a run's. */
const withoutLooks = (ports: WorkerPorts): WorkerPorts => ({
  ...ports,
  clock: {
    ...ports.clock,
    after: (ms, callback) => (ms < 500 ? ports.clock.after(ms, callback) : () => undefined),
  },
})

const model = scriptedModel((_call, { prompt }) => {
  const said = JSON.stringify(prompt.at(-1))
  return said.includes('use your tool')
    ? [...toolCallParts({ id: 'c1', name: 'double', input: { n: 2 } }), finishPart('tool-calls')]
    : [...textParts('Hello'), finishPart()]
})
const double = tool({ inputSchema: z.object({ n: z.number() }), execute: async ({ n }) => n * 2 })

const chatOfStatements = async () => {
  const outlast = await testOutlast(
    [defineAgent({ name: 'a', model, tools: { double } })],
    { database: {} },
    withoutLooks,
  )
  const { engine, principal } = outlast
  const ask = async (chatId: string, text: string): Promise<string[]> => {
    using query = vi.spyOn(pg.Client.prototype, 'query')
    const message = { id: `${chatId}: ${text}`, parts: [{ type: 'text', text }] }
    const { run } = await engine.startTurn({ principal, chatId, message })
    await collect(await engine.attachOwn(run, chatId))
    // What the embedded database does for itself names no table of ours.
    return query.mock.calls
      .map(([asked]: unknown[]) => String(asked))
      .filter((asked) => /^(begin|commit)|"outlast"\./.test(asked))
  }
  // What is asked once in a process has been asked.
  await ask('first', 'Hello')
  return { ask, [Symbol.asyncDispose]: () => outlast[Symbol.asyncDispose]() }
}

test('a run of one step in a new chat takes 12 statements, and 3 more in a chat that goes on', async () => {
  await using chat = await chatOfStatements()
  const alone = await chat.ask('chat', 'Hello')
  expect(alone).toHaveLength(12)
  const next = await chat.ask('chat', 'And now?')
  expect(next).toHaveLength(15)
})

test('a step with a tool call takes 3 statements', async () => {
  await using chat = await chatOfStatements()
  const alone = await chat.ask('one', 'Hello')
  const withTool = await chat.ask('two', 'use your tool')
  // One more when it settles: the calls of the journal are read.
  expect(withTool.length - alone.length).toBe(3 + 1)
})
