import { isStepCount, Output, ToolLoopAgent, dynamicTool, jsonSchema, tool } from 'ai'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineAgent, isAgentDefinition, type AgentOptions } from '../../src/agent/define-agent.ts'
import { REFUSED_OPTIONS } from '../../src/agent/refused-options.ts'
import { AgentDefinitionError } from '../../src/domain/errors.ts'
import { aloneAgent, firstStep } from '../support/prepared.ts'
import { scriptedModel } from '../support/scripted-model.ts'

const model = scriptedModel(() => [])
const inputSchema = z.object({ a: z.number() })
const add = tool({ inputSchema, execute: ({ a }) => a + 1 })
const look = { ...tool({ inputSchema, execute: ({ a }) => a }), idempotent: true }

const minimal = { name: 'test', model }

/** Options as plain JavaScript may give them. */
const define = (options: object) => defineAgent(options as AgentOptions<Record<never, never>>)

const refusal = (options: object): string => {
  try {
    define(options)
  } catch (error) {
    expect(error).toBeInstanceOf(AgentDefinitionError)
    return (error as Error).message
  }
  return expect.fail('The definition was accepted.')
}

describe('a definition', () => {
  test('has the defaults', () => {
    expect(defineAgent(minimal)).toMatchObject({
      name: 'test',
      model,
      tools: undefined,
      maxSteps: 20,
      toolCallConcurrency: 10_000,
      stopWhen: [],
      maxRetries: 2,
      timeout: { firstChunkMs: 120_000, chunkMs: 60_000, toolMs: 600_000 },
      call: {},
    })
  })

  test('keeps what it is given, and passes each call setting on', () => {
    const call = {
      instructions: 'Be brief.',
      toolChoice: 'required' as const,
      toolOrder: ['look' as const],
      headers: { 'x-team': 'a' },
      providerOptions: { openai: { user: 'u' } },
      output: Output.object({ schema: inputSchema }),
      repairToolCall: async () => null,
      maxOutputTokens: 10,
      temperature: 0,
      topP: 1,
      topK: 2,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      stopSequences: ['END'],
      seed: 7,
      reasoning: 'low' as const,
    }
    const definition = defineAgent({
      id: 'by-id',
      model,
      tools: { add, look },
      maxSteps: 3,
      maxRetries: 0,
      timeout: { chunkMs: 5, stepMs: 9, tools: { addMs: 7 } },
      prices: { inputPerMillion: 2, outputPerMillion: 8 },
      toolCallConcurrency: 1,
      ...call,
    })
    expect(definition).toMatchObject({
      name: 'by-id',
      maxSteps: 3,
      maxRetries: 0,
      timeout: { firstChunkMs: 120_000, chunkMs: 5, stepMs: 9, toolMs: 600_000, tools: { add: 7 } },
      prices: { inputPerMillion: 2, outputPerMillion: 8 },
      toolCallConcurrency: 1,
    })
    expect(definition.call).toEqual(call)
    expect(definition.tools).toEqual({ add, look })
  })

  test('is recognised, also by another copy of the package, and nothing else is', () => {
    const definition = defineAgent(minimal)
    expect(isAgentDefinition(definition)).toBe(true)
    expect(isAgentDefinition({ [Symbol.for('outlast.agent-definition')]: true })).toBe(true)
    for (const other of [undefined, null, 'x', minimal, new ToolLoopAgent({ model })])
      expect(isAgentDefinition(other)).toBe(false)
  })

  test('does not change when its parts are changed afterwards', () => {
    const tools: Record<string, typeof add> = { add }
    const definition = defineAgent({ ...minimal, tools })
    tools['more'] = add
    expect(Object.keys(definition.tools ?? {})).toEqual(['add'])
    expect(Object.isFrozen(definition) && Object.isFrozen(definition.tools)).toBe(true)
  })

  test('has no limit of steps but the highest where stopWhen says when to end', () => {
    expect(defineAgent({ ...minimal, stopWhen: isStepCount(50) }).maxSteps).toBe(1_000)
    expect(defineAgent({ ...minimal, stopWhen: [isStepCount(50)], maxSteps: 9 }).maxSteps).toBe(9)
  })

  test('takes the former name of repairToolCall', () => {
    const repair = async () => null
    const { call } = defineAgent({ ...minimal, experimental_repairToolCall: repair })
    expect(call.repairToolCall).toBe(repair)
  })

  test('ignores options that are undefined', () => {
    expect(define({ ...minimal, stopWhen: undefined, tools: undefined }).maxSteps).toBe(20)
  })

  test('accepts every kind of instructions', () => {
    const message = { role: 'system' as const, content: 'Be brief.' }
    for (const instructions of ['Be brief.', message, [message, message]])
      expect(defineAgent({ ...minimal, instructions }).call.instructions).toBe(instructions)
  })

  test('accepts models of older specifications', () => {
    for (const specificationVersion of ['v2', 'v3'])
      expect(define({ ...minimal, model: { ...model, specificationVersion } }).name).toBe('test')
  })

  test('accepts tools that need approval, and those that clients execute', () => {
    const ask = { ...add, needsApproval: () => true }
    const locate = tool({ inputSchema, outputSchema: z.number() })
    const toolApproval = { add: 'user-approval', locate: () => 'denied' as const } as const
    const agent = defineAgent({ ...minimal, tools: { add, ask, locate }, toolApproval })
    expect(agent.toolApproval).toBe(toolApproval)
  })

  test('accepts dynamic tools, tools without a schema library and tools that the provider executes', () => {
    const search = {
      type: 'provider' as const,
      id: 'acme.search' as const,
      args: {},
      isProviderExecuted: true as const,
      inputSchema: jsonSchema({ type: 'object' }),
      outputSchema: jsonSchema({}),
    }
    const anything = dynamicTool({ inputSchema: jsonSchema({}), execute: async () => 1 })
    const definition = defineAgent({ ...minimal, tools: { search, anything } })
    const agent = aloneAgent(definition)
    expect(agent.tool('anything')).toEqual({
      dynamic: true,
      idempotent: false,
      recoverable: false,
      timeoutMs: 600_000,
      defersResults: false,
      execution: 'server',
    })
    expect(agent.tool('search')).toEqual({
      dynamic: false,
      idempotent: false,
      recoverable: false,
      timeoutMs: 600_000,
      defersResults: false,
      execution: 'server',
    })
  })
})

describe('tools of an agent', () => {
  test('are offered where they are active', async () => {
    const agent = defineAgent({ ...minimal, tools: { add, look }, activeTools: ['look'] })
    const { request } = await firstStep(agent, { messages: [] })
    expect(request.tools).toEqual(['look'])
    expect(aloneAgent(agent).tool('look')).toMatchObject({ idempotent: true })
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'unknown'])(
    'do not include %s',
    (name) => {
      expect(aloneAgent(defineAgent({ ...minimal, tools: { add } })).tool(name)).toBeUndefined()
      expect(aloneAgent(defineAgent(minimal)).tool(name)).toBeUndefined()
    },
  )
})

describe('refused', () => {
  test.each(Object.entries(REFUSED_OPTIONS))('%s, with what to do instead', (option, reason) => {
    const message = refusal({ ...minimal, [option]: () => true })
    expect(message).toBe(`Agent "test": the option "${option}" is not supported. ${reason}`)
    expect(reason).toMatch(/^[A-Z].{20,}\.$/)
  })

  test('an unknown option, with the list of options', () => {
    expect(refusal({ ...minimal, maxStep: 3 })).toMatch(
      /"maxStep" is not an option\. The options are name, .*maxSteps.*reasoning\./,
    )
    expect(refusal({ ...minimal, toString: 1 })).toContain('"toString" is not an option')
  })

  test.each([
    ['nothing at all', undefined, 'wants one object'],
    ['no name', { model }, 'needs a name'],
    ['a bad name', { name: 'a b', model }, 'it is "a b"'],
    ['two names', { name: 'a', id: 'b', model }, 'has one name'],
    ['no model', { name: 'test' }, 'a model is missing'],
    ['a bare model name', { name: 'test', model: 'openai/gpt-5' }, 'would need the AI Gateway'],
    ['a model that is none', { name: 'test', model: {} }, 'no doStream'],
    [
      'a model of an unknown specification',
      { name: 'test', model: { ...model, specificationVersion: 'v1' } },
      'specification version "v1"',
    ],
    ['instructions that are a function', { instructions: () => 'x' }, 'instructions are a string'],
    ['empty instructions', { instructions: ' ' }, 'instructions are empty'],
    ['instructions of the user', { instructions: { role: 'user', content: 'x' } }, '"system"'],
    ['a list of strings', { instructions: ['x'] }, '"system"'],
    ['maxSteps 0', { maxSteps: 0 }, 'maxSteps is a whole number from 1 to 1000; it is 0.'],
    ['maxSteps as text', { maxSteps: '5' }, 'it is "5"'],
    ['maxRetries -1', { maxRetries: -1 }, 'maxRetries is a whole number from 0'],
    ['a total timeout', { timeout: 5_000 }, 'for the whole answer'],
    ['timeout.totalMs', { timeout: { totalMs: 5 } }, '"timeout.totalMs" is not supported'],
    ['a timeout of an unknown tool', { timeout: { tools: { addMs: 5 } } }, 'names "addMs"'],
    ['an endless step', { timeout: { stepMs: 0 } }, 'timeout.stepMs is'],
    ['no lanes for tools', { toolCallConcurrency: 0 }, 'toolCallConcurrency is a whole number'],
    ['a stop condition that is none', { stopWhen: [5] }, 'stopWhen is a stop condition'],
    ['prices without output', { prices: { inputPerMillion: 1 } }, 'prices is { inputPerMillion,'],
    ['negative prices', { prices: { inputPerMillion: -1, outputPerMillion: 1 } }, 'prices is {'],
    ['a schema that is none', { callOptionsSchema: { a: 1 } }, 'callOptionsSchema is a schema'],
    ['an endless timeout', { timeout: { chunkMs: Infinity } }, 'timeout.chunkMs is'],
    ['a temperature that is text', { temperature: '1' }, 'temperature is a number'],
    ['half a token', { maxOutputTokens: 0.5 }, 'maxOutputTokens is a whole number'],
    ['stopSequences as text', { stopSequences: 'END' }, 'an array of strings'],
    ['an unknown reasoning', { reasoning: 'much' }, 'reasoning is one of provider-default'],
    ['headers with a number', { headers: { a: 1 } }, 'headers is an object of strings'],
    ['providerOptions of no provider', { providerOptions: { a: 1 } }, 'one object per provider'],
    ['a schema as output', { output: inputSchema }, 'made by Output'],
    ['repairToolCall true', { repairToolCall: true }, 'repairToolCall is a function'],
    ['a list of tools', { tools: [add] }, 'tools is an object'],
    ['an unknown active tool', { tools: { add }, activeTools: ['sub'] }, 'There are add.'],
    ['an unknown tool in toolOrder', { tools: { add }, toolOrder: ['sub'] }, 'names "sub"'],
    ['activeTools as text', { tools: { add }, activeTools: 'add' }, 'an array of names'],
    ['a required call without tools', { toolChoice: 'required' }, 'there are no tools'],
    ['approval that is a word', { tools: { add }, toolApproval: 'always' }, 'toolApproval is a'],
    ['approval of no tool', { tools: { add }, toolApproval: { sub: 'denied' } }, 'names "sub"'],
    ['an unknown approval', { tools: { add }, toolApproval: { add: 'yes' } }, '"user-approval"'],
    ['an unknown tool choice', { toolChoice: 'always' }, 'toolChoice is "auto"'],
    [
      'the choice of a tool that is not active',
      {
        tools: { add, look },
        activeTools: ['look'],
        toolChoice: { type: 'tool', toolName: 'add' },
      },
      'no active tool. There are look.',
    ],
  ])('%s', (_what, options, reason) => {
    const needsMinimal = options && !('model' in options) && !('name' in options)
    expect(refusal((needsMinimal ? { ...minimal, ...options } : options) as object)).toContain(
      reason,
    )
  })

  test.each([
    ['that perhaps needs approval', { ...add, needsApproval: 'yes' }, 'nor a function'],
    ['with onInputStart', { ...add, onInputStart: () => {} }, 'has onInputStart'],
    ['with onInputDelta', { ...add, onInputDelta: () => {} }, 'has onInputDelta'],
    ['with onInputAvailable', { ...add, onInputAvailable: () => {} }, 'has onInputAvailable'],
    ['with deferLoading', { ...add, deferLoading: true }, 'has deferLoading'],
    ['without a schema', { execute: () => 1 }, 'has no inputSchema'],
    ['that is a function', () => 1, 'is no tool'],
    ['whose execute is text', { ...add, execute: 'x' }, 'not a function'],
    ['that is perhaps idempotent', { ...add, idempotent: 'yes' }, 'neither true nor false'],
    [
      'of the provider that needs approval',
      {
        type: 'provider',
        id: 'a.b',
        args: {},
        isProviderExecuted: true,
        needsApproval: true,
        inputSchema,
      },
      'does not wait',
    ],
  ])('a tool %s', (_what, bad, reason) => {
    const message = refusal({ ...minimal, tools: { good: add, bad } })
    expect(message).toContain('Agent "test": the tool "bad" ')
    expect(message).toContain(reason)
  })
})

test('the types refuse what the runtime refuses', () => {
  const attempts = [
    // @ts-expect-error a bare name of a model
    () => defineAgent({ name: 'test', model: 'openai/gpt-5' }),
    // @ts-expect-error no name
    () => defineAgent({ model }),
    // @ts-expect-error an option of ToolLoopAgent that is not supported
    () => defineAgent({ ...minimal, include: {} }),
    // @ts-expect-error a tool that does not exist
    () => defineAgent({ ...minimal, tools: { add }, activeTools: ['sub'] }),
    // @ts-expect-error a tool that does not exist
    () => defineAgent({ ...minimal, tools: { add }, toolChoice: { type: 'tool', toolName: 'x' } }),
    // @ts-expect-error neither true nor false
    () => defineAgent({ ...minimal, tools: { bad: { ...add, idempotent: 'yes' } } }),
    // @ts-expect-error a limit for the whole answer
    () => defineAgent({ ...minimal, timeout: { totalMs: 5 } }),
  ]
  for (const attempt of attempts) expect(attempt).toThrow(AgentDefinitionError)
})
