import { isStepCount, Output, tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  defineAgent,
  type AgentOptions,
  type OutlastToolSet,
} from '../../src/agent/define-agent.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import type { StepRecord } from '../../src/domain/step.ts'
import { loadJournal } from '../../src/store/journal.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast, withFastClock, type TestOutlast } from '../support/engine.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  usageOf,
  type ModelScript,
} from '../support/scripted-model.ts'

const act = tool({ inputSchema: z.object({}), execute: () => 'acted' })
const callAct = (...ids: string[]) => [
  ...ids.flatMap((id) => toolCallParts({ id, name: 'act', input: {} })),
  finishPart('tool-calls', usageOf(1_000, 20)),
]
const say = (text: string) => [...textParts(text), finishPart()]
const actTwice: ModelScript = (call) => (call < 2 ? callAct(`c${call}`) : say('Done'))

type Options = Omit<Partial<AgentOptions<OutlastToolSet>>, 'name' | 'id'>

const agentOf = (script: ModelScript, options: Options = {}) => {
  const model = scriptedModel(script)
  const given = { model, tools: { act }, ...options }
  return {
    model,
    agent: defineAgent({ name: 'a', ...(given as Options & { model: typeof model }) }),
  }
}

const stepsOf = async ({ db }: TestOutlast, run: RunRecord): Promise<readonly StepRecord[]> =>
  (await loadJournal(db, run.id, run.workspaceId)).steps

const outputOf = async ({ db }: TestOutlast, run: RunRecord): Promise<unknown> => {
  const query = db.selectFrom('aiChatRuns').select('output').where('id', '=', run.id)
  return (await query.executeTakeFirstOrThrow()).output
}

describe('a run', () => {
  it('that stopWhen ends has succeeded without another word of the model', async () => {
    const { agent, model } = agentOf(actTwice, { stopWhen: isStepCount(1) })
    await using outlast = await testOutlast([agent])
    const run = await outlast.settled(await outlast.ask('Hi'))
    expect(run).toMatchObject({ status: 'succeeded', stepCount: 1 })
    expect(model.calls).toHaveLength(1)
  })

  it.each([
    ['prepareStep', { prepareStep: () => fail() }],
    ['stopWhen', { stopWhen: () => fail() }],
  ])('whose agent throws in %s fails and says only what kind of error', async (option, options) => {
    const { agent } = agentOf(actTwice, options as Options)
    await using outlast = await testOutlast([agent])
    const run = await outlast.settled(await outlast.ask('Hi'))
    const error = `The agent failed because of an error in its own code (RangeError in ${option}).`
    expect(run).toMatchObject({ status: 'failed', errorCode: 'agent_error', error })
    expect(outlast.errors.map(({ cause }) => cause)).toEqual([expect.any(RangeError)])
  })

  it('keeps the output that its agent asks for, when the answer has that form', async () => {
    const output = Output.object({ schema: z.object({ age: z.number().transform((n) => n + 1) }) })
    const { agent } = agentOf((call) => say(call === 0 ? '{"age": 36}' : '{"age": "old"}'), {
      output,
    })
    await using outlast = await testOutlast([agent])
    const good = await outlast.settled(await outlast.ask('How old?'))
    expect(good).toMatchObject({ status: 'succeeded', output: { age: 37 } })
    const bad = await outlast.settled(await outlast.ask('How old?'))
    expect(bad).toMatchObject({ status: 'failed', errorCode: 'invalid_output' })
    expect(bad.error).toContain('does not have the form that the agent asks for')
    expect(await outputOf(outlast, bad)).toBeNull()
  })

  it('gets its agent and its options from the request', async () => {
    const callOptionsSchema = z.object({ tone: z.string().default('dry') })
    const model = scriptedModel(() => say('Hello'))
    const agent = defineAgent({
      name: 'second',
      model,
      callOptionsSchema,
      prepareCall: ({ options, ...rest }) => ({ ...rest, instructions: `Be ${options.tone}.` }),
    })
    await using outlast = await testOutlast([agentOf(actTwice).agent, agent])
    const turn = { kind: 'new' as const, message: { parts: [{ type: 'text', text: 'Hi' }] } }
    const { principal, engine } = outlast
    const { run } = await engine.startTurn({
      ...turn,
      principal,
      chatId: 'c1',
      agent: 'second',
      options: { tone: 'kind', admin: true },
    })
    await outlast.settled(run)
    expect(run).toMatchObject({ agent: 'second', options: { tone: 'kind' } })
    expect(model.prompts[0]?.[0]).toMatchObject({ role: 'system', content: 'Be kind.' })
  })
})

const fail = (): never => {
  throw new RangeError('password=hunter2')
}

describe('a step keeps', () => {
  it('how it asked; instructions once, and secrets never', async () => {
    const { agent } = agentOf(actTwice, {
      instructions: 'Be brief.',
      temperature: 0,
      headers: { authorization: 'Bearer s3cret' },
      providerOptions: { scripted: { apiKey: 's3cret', depth: { most: 3, authToken: 's3cret' } } },
      prepareStep: ({ stepNumber, messages }) =>
        stepNumber === 2 ? { instructions: 'Be briefer.', messages, activeTools: [] } : {},
    })
    await using outlast = await testOutlast([agent])
    const run = await outlast.ask('Hi')
    await outlast.settled(run)
    const [first, second, third] = (await stepsOf(outlast, run)).map(({ request }) => request)
    const same = {
      provider: 'scripted',
      modelId: 'scripted-1',
      tools: ['act'],
      settings: { temperature: 0 },
      providerOptions: {
        scripted: { apiKey: '[hidden]', depth: { most: 3, authToken: '[hidden]' } },
      },
    }
    expect(first).toEqual({ ...same, instructions: 'Be brief.' })
    expect(second).toEqual(same)
    expect(third).toEqual({
      ...same,
      instructions: 'Be briefer.',
      tools: [],
      messagesReplaced: true,
    })
  })

  it('what it cost, where its agent has prices for the model', async () => {
    const other = scriptedModel(() => say('Done'), { modelId: 'other' })
    const prices = { inputPerMillion: 2.5, outputPerMillion: 10 }
    const prepareStep: Options['prepareStep'] = ({ stepNumber }) =>
      stepNumber === 1 ? { model: other } : undefined
    const { agent } = agentOf(actTwice, { prices, prepareStep })
    await using outlast = await testOutlast([agent])
    const run = await outlast.ask('Hi')
    await outlast.settled(run)
    const costs = (await stepsOf(outlast, run)).map(({ info }) => info?.costMicros)
    expect(costs).toEqual([2_700, undefined])
  })
})

describe('tools of a step', () => {
  it('run one after the other where the agent says so', async () => {
    let running = 0
    let most = 0
    const slow = tool({
      inputSchema: z.object({}),
      execute: async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      },
    })
    const script: ModelScript = (call) => (call === 0 ? callAct('c1', 'c2', 'c3') : say('Done'))
    const tools = { act: slow }
    const { agent } = agentOf(script, { tools, toolCallConcurrency: 1 })
    await using outlast = await testOutlast([agent])
    expect(await outlast.settled(await outlast.ask('Hi'))).toMatchObject({ status: 'succeeded' })
    expect(most).toBe(1)
  })

  it('have limits of their own, and that of the step', async () => {
    const endless = tool({ inputSchema: z.object({}), execute: () => new Promise(() => undefined) })
    const script: ModelScript = (call) => (call === 0 ? callAct('c1') : say('Done'))
    for (const timeout of [{ tools: { actMs: 2_000 } }, { stepMs: 4_000 }]) {
      const { agent, model } = agentOf(script, { tools: { act: endless }, timeout } as Options)
      await using outlast = await testOutlast([agent])
      expect(await outlast.settled(await outlast.ask('Hi'))).toMatchObject({ status: 'succeeded' })
      const told = JSON.stringify(model.prompts[1])
      expect(told).toContain('stepMs' in timeout ? 'within the time of its step' : 'within 2 s')
    }
  })
})

it('a model call that is not over in the time of its step fails the run', async () => {
  const silent = createBarrier()
  const { agent } = agentOf(
    async function* () {
      yield* textParts('Hel')
      await silent.wait()
    },
    { timeout: { stepMs: 2_000 } },
  )
  await using outlast = await testOutlast([agent])
  const run = await outlast.settled(await outlast.ask('Hi'))
  expect(run).toMatchObject({
    status: 'failed',
    errorCode: 'provider_stalled',
    error: 'The model did not finish its answer within 2 s.',
  })
  silent.release()
})

it('a process that goes on with a run asks prepareStep again about every step, and asks the model the same', async () => {
  await using database = await createMigratedDatabase()
  const asked: string[] = []
  const options = (process: string): Options => ({
    instructions: 'Step 0.',
    runtimeContext: { path: 'start' },
    prepareStep: ({ stepNumber, steps, runtimeContext, messages }) => {
      asked.push(`${process} ${stepNumber} ${steps.length}`)
      const path = `${String(runtimeContext['path'])} ${stepNumber}`
      const told = stepNumber === 1 ? { messages: messages.slice(-2) } : {}
      return { ...told, runtimeContext: { path }, instructions: path }
    },
  })
  const reached = createBarrier()
  const first = agentOf(async function* (call) {
    if (call === 2) await reached.wait()
    yield* actTwice(call, {} as never)
  }, options('first'))
  const second = agentOf(() => say('Done'), options('second'))
  const settings = { database: { url: database.url }, leaseTtlMs: 300 }
  const one = await testOutlast([first.agent], { ...settings, graceMs: 0 })
  const run = await one.ask('Hi')
  await reached.reached
  await one.close(0)
  reached.release()
  await using two = await testOutlast([second.agent], settings, withFastClock)
  expect(await two.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 3 })
  expect(asked.filter((entry) => entry.startsWith('second'))).toEqual([
    'second 0 0',
    'second 1 1',
    'second 2 2',
  ])
  expect(second.model.prompts[0]).toEqual(first.model.prompts[2])
  expect(second.model.prompts[0]?.[0]).toMatchObject({ content: 'start 0 1 2' })
})
