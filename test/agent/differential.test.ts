import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { MessagePart } from '../../src/domain/message.ts'
import { messageParts, storedParts, testOutlast, type TestOutlast } from '../support/engine.ts'
import {
  askParts,
  comparable,
  promptsOf,
  runReference,
  type AgentRecord,
  type AgentScript,
} from '../support/reference-agent.ts'
import { scriptedModel } from '../support/scripted-model.ts'
import { LIMITED, SCRIPTS } from './support/agent-scripts.ts'

const agents = Object.entries({ ...SCRIPTS, LIMITED }).map(([name, script], index) => {
  const model = scriptedModel(script.model)
  const options = { model, tools: script.tools, ...(script.options as object) }
  return { name, script, model, definition: defineAgent({ name: `agent-${index}`, ...options }) }
})

let outlast: TestOutlast

beforeAll(async () => {
  outlast = await testOutlast(agents.map(({ definition }) => definition))
})

afterAll(() => outlast.close())

/** Runs a script in Outlast's loop. */
const runOurs = async (script: AgentScript): Promise<AgentRecord & { stored: unknown }> => {
  const { model, definition } = agents.find((agent) => agent.script === script)!
  const { run } = await outlast.engine.startTurn({
    principal: outlast.principal,
    chatId: randomUUID(),
    agent: definition.name,
    message: { parts: askParts(script) as MessagePart[] },
  })
  const frames = await outlast.tail(run)
  const parts = await messageParts(frames.map(({ chunk }) => chunk))
  return {
    prompts: promptsOf(model),
    uiMessage: comparable(parts),
    stored: comparable(await storedParts(outlast, run)),
  }
}

test.each(Object.entries(SCRIPTS))(
  '%s: the same prompts and the same message as in the AI SDK',
  async (_name, script) => {
    const [reference, ours] = await Promise.all([runReference(script), runOurs(script)])
    expect(ours.prompts).toEqual(reference.prompts)
    expect(ours.uiMessage).toEqual(reference.uiMessage)
    expect(ours.stored).toEqual(reference.uiMessage)
  },
)

test('at the limit of steps the last prompt differs only in that it forbids calls, and the run answers', async () => {
  const [reference, ours] = await Promise.all([runReference(LIMITED), runOurs(LIMITED)])
  expect(ours.prompts).toHaveLength(3)
  expect(ours.prompts.slice(0, 2)).toEqual(reference.prompts.slice(0, 2))
  expect(ours.prompts[2]).toEqual({
    ...(reference.prompts[2] as object),
    toolChoice: { type: 'none' },
  })
  expect(ours.stored).toMatchObject([{}, {}, {}, {}, {}, { type: 'text', text: 'Enough.' }])
})
