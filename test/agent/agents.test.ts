import type { ModelMessage } from 'ai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createAgents, type AgentsOptions } from '../../src/agent/agents.ts'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { AgentFailedError, ConfigError, InvalidRequestError } from '../../src/domain/errors.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import { scriptedModel } from '../support/scripted-model.ts'

const model = scriptedModel(() => [])
const first = defineAgent({ name: 'first', model })
const second = defineAgent({ name: 'second', model })
const said: ModelMessage[] = [{ role: 'user', content: 'Hello' }]

const source = (agent: string | null, options: unknown = null) => ({
  run: { id: 'run-1', agent, options, workspaceId: 'w1', createdBy: 'u1' } as RunRecord,
  chatId: 'chat-1',
  messages: { history: () => said, said: () => [] },
})

/** How the first step of a run asks. */
const asked = async (options: AgentsOptions, of: ReturnType<typeof source>) => {
  const agent = await createAgents(options).resolve(of)
  return agent!.prepareStep({ steps: [], withTools: true, plainly: false })
}

const refusal = async (choice: Promise<unknown>): Promise<string> => {
  const error: unknown = await choice.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(InvalidRequestError)
  return (error as Error).message
}

describe('the agents of a server', () => {
  test('are found by the name that the run has, and the first one without a name', async () => {
    const agents = createAgents({ agents: [first, second] })
    expect((await agents.resolve(source('second')))?.name).toBe('second')
    expect((await agents.resolve(source(null)))?.name).toBe('first')
    expect(await agents.resolve(source('third'))).toBeUndefined()
    expect(await agents.resolve(source('constructor'))).toBeUndefined()
  })

  test('are not none, and have different names', () => {
    expect(() => createAgents({ agents: [] })).toThrow(ConfigError)
    expect(() => createAgents({})).toThrow('There is no agent')
    expect(() => createAgents({ agents: [first, first] })).toThrow('Two agents have the name')
  })

  test('are chosen by name; without a choice it is the first one', async () => {
    const agents = createAgents({ agents: [first, second] })
    expect(await agents.choose({})).toEqual({ agent: 'first', options: null })
    expect(await agents.choose({ agent: 'second' })).toEqual({ agent: 'second', options: null })
    expect(await refusal(agents.choose({ agent: 'third' }))).toBe(
      'In the body, agent: there is no agent "third". There are first, second.',
    )
  })
})

describe('the options of a request', () => {
  const callOptionsSchema = z.object({
    language: z.enum(['en', 'de']).default('en'),
    depth: z.object({ most: z.number().max(5, { error: 'at most 5' }) }).optional(),
  })
  const picky = defineAgent({ name: 'picky', model, callOptionsSchema })

  test('are stored as the schema leaves them, with defaults and without what it does not know', async () => {
    const agents = createAgents({ agents: [picky] })
    expect((await agents.choose({})).options).toEqual({ language: 'en' })
    const options = { language: 'de', depth: { most: 2 }, admin: true }
    expect((await agents.choose({ options })).options).toEqual({
      language: 'de',
      depth: { most: 2 },
    })
  })

  test('that do not fit are refused, with where and why', async () => {
    const agents = createAgents({ agents: [picky] })
    expect(await refusal(agents.choose({ options: { depth: { most: 6 } } }))).toBe(
      'In the body, options.depth.most: at most 5.',
    )
    expect(await refusal(agents.choose({ options: 'all' }))).toMatch(/^In the body, options: /)
  })

  test('of an agent without a schema are not kept', async () => {
    const agents = createAgents({ agents: [first] })
    expect((await agents.choose({ options: { admin: true } })).options).toBeNull()
  })

  test('are checked by the schema of the server where the agent has none', async () => {
    const agents = createAgents({
      agents: [first, picky],
      callOptionsSchema: z.object({ a: z.literal(1) }),
    })
    expect((await agents.choose({ options: { a: 1 } })).options).toEqual({ a: 1 })
    expect(await refusal(agents.choose({ options: {} }))).toContain('options.a')
    expect((await agents.choose({ agent: 'picky' })).options).toEqual({ language: 'en' })
  })

  test('are not endless', async () => {
    const agents = createAgents({
      agents: [first],
      callOptionsSchema: z.object({ text: z.string() }),
    })
    const options = { text: 'x'.repeat(100_001) }
    expect(await refusal(agents.choose({ options }))).toContain('at most 100000 characters')
  })
})

describe('a function that gives each run its agent', () => {
  test('is told who asks, where, and with which options', async () => {
    const requests: unknown[] = []
    const agents = createAgents({
      agent: (request) => {
        requests.push(request)
        return second
      },
    })
    expect(await agents.choose({ agent: 'any' })).toEqual({ agent: 'any', options: null })
    const agent = await agents.resolve(source('any', { a: 1 }))
    expect(agent?.name).toBe('second')
    expect(requests).toEqual([
      {
        name: 'any',
        principal: { workspaceId: 'w1', userId: 'u1' },
        chat: { id: 'chat-1' },
        options: { a: 1 },
      },
    ])
  })

  test('may leave it to the list', async () => {
    const agents = createAgents({ agents: [first, second], agent: async () => undefined })
    expect((await agents.resolve(source('second')))?.name).toBe('second')
    expect(await refusal(agents.choose({ agent: 'third' }))).toContain('There are first, second.')
  })

  test('that throws, or gives something else, fails the run and says nothing of itself', async () => {
    const thrown = createAgents({
      agent: () => {
        throw new RangeError('password=hunter2')
      },
    }).resolve(source(null))
    await expect(thrown).rejects.toThrow(AgentFailedError)
    await expect(thrown).rejects.toThrow('error in its own code (RangeError in agent)')
    const wrong = createAgents({ agent: () => ({ name: 'x' }) as never }).resolve(source(null))
    await expect(wrong).rejects.toThrow('has to return what defineAgent made')
  })
})

describe('prepareCall', () => {
  const base = {
    name: 'call',
    model,
    instructions: 'Be brief.',
    temperature: 0.5,
    maxSteps: 7,
    callOptionsSchema: z.object({ language: z.string() }),
  }

  test('makes of the options of the run what its model is asked', async () => {
    const agent = defineAgent({
      ...base,
      prepareCall: ({ options, ...settings }) => ({
        ...settings,
        instructions: `${base.instructions} Speak ${options.language}.`,
      }),
    })
    const { request, messages } = await asked({ agents: [agent] }, source(null, { language: 'de' }))
    expect(request).toEqual({
      provider: 'scripted',
      modelId: 'scripted-1',
      instructions: 'Be brief. Speak de.',
      settings: { temperature: 0.5 },
    })
    expect(messages).toEqual(said)
  })

  test('takes away what it does not return, but none of the limits', async () => {
    const agent = defineAgent({
      ...base,
      prepareCall: ({ model: same }) => ({ model: same }) as never,
    })
    const { request } = await asked({ agents: [agent] }, source(null, { language: 'de' }))
    expect(request).toEqual({ provider: 'scripted', modelId: 'scripted-1', instructions: null })
    const resolved = await createAgents({ agents: [agent] }).resolve(source(null))
    expect(resolved?.maxSteps).toBe(7)
  })

  test('may change the messages, which the step says', async () => {
    const told: ModelMessage[] = [{ role: 'user', content: 'Something else' }]
    const agent = defineAgent({
      ...base,
      prepareCall: ({ messages: _history, prompt: _none, options: _options, ...rest }) => ({
        ...rest,
        messages: told,
      }),
    })
    const step = await asked({ agents: [agent] }, source(null, { language: 'de' }))
    expect(step.messages).toEqual(told)
    expect(step.request.messagesReplaced).toBe(true)
  })

  test.each([
    ['a prompt', () => ({ model, prompt: 'Hi' }), 'returned a prompt'],
    ['a bare model', () => ({ model: 'openai/gpt' }), 'bare string'],
    ['an option that is refused', () => ({ model, include: {} }), 'the option "include"'],
    ['nothing', () => undefined, 'error in its own code'],
  ])('that returns %s fails the run', async (_what, prepareCall, reason) => {
    const agent = defineAgent({ ...base, prepareCall: prepareCall as never })
    const resolved = createAgents({ agents: [agent] }).resolve(source(null, { language: 'de' }))
    await expect(resolved).rejects.toThrow(AgentFailedError)
    await expect(resolved).rejects.toThrow(reason)
  })
})
