/**
 * How each step of a run asks its model: the agent's options, and what `prepareStep` changes in them.
 *
 * INVARIANT: a function of the journaled steps. What one step hands on to the next (instructions, messages, contexts) is
 * found again in another process by asking `prepareStep` once more about every step from the first.
 */
import type { Instructions, ModelMessage, PrepareStepResult, ToolChoice, ToolSet } from 'ai'
import type { Context } from '@ai-sdk/provider-utils'
import { AgentDefinitionError } from '../domain/errors.ts'
import type { ModelName, RunMessages, StepContext, StepView } from '../engine/ports.ts'
import { CALL_SETTING_NAMES, checkModel } from './check-agent.ts'
import type { AgentDefinition, AgentModel, OutlastToolSet } from './define-agent.ts'
import type { ModelCallOptions } from './model-call.ts'
import { ownCode } from './own-code.ts'
import { agentStep, type AgentStep } from './step-result.ts'

/** What a step asks, and what it hands on. */
type Preparation = {
  readonly call: ModelCallOptions
  readonly runtimeContext: Context
  /** True when the messages are `prepareStep`'s, of this step or of one before. */
  readonly ownMessages: boolean
  /** True when they are not those of chat and journal. */
  readonly messagesReplaced: boolean
}

type Ground = {
  readonly runId: string
  readonly messages: RunMessages
  readonly messagesReplaced: boolean
}

type Overrides = NonNullable<PrepareStepResult<ToolSet, Context>>

export class Preparations {
  readonly #runId: string
  readonly #definition: AgentDefinition
  readonly #messages: RunMessages
  readonly #messagesReplaced: boolean
  readonly #known: Preparation[] = []
  readonly #found = new WeakMap<StepView, AgentStep>()

  constructor(definition: AgentDefinition, ground: Ground) {
    this.#definition = definition
    this.#runId = ground.runId
    this.#messages = ground.messages
    this.#messagesReplaced = ground.messagesReplaced
  }

  /** The step after `steps`. */
  async next({ steps, withTools, plainly }: StepContext): Promise<Preparation> {
    await this.#prepareUpTo(steps)
    const known = this.#known[steps.length]!
    // What prepareStep gave is told as it is.
    const prepared = plainly && !known.ownMessages ? this.#plain(known, steps) : known
    const { call } = prepared
    const hasTools = call.tools !== undefined && Object.keys(call.tools).length > 0
    // Offered also when they must not be used: the messages mention them, and prompt caches begin with them.
    return withTools || !hasTools
      ? prepared
      : { ...prepared, call: { ...call, toolChoice: 'none' } }
  }

  #plain(prepared: Preparation, steps: readonly StepView[]): Preparation {
    const { history, said } = this.#messages
    return {
      ...prepared,
      call: { ...prepared.call, messages: [...history('any'), ...said(steps, 'any')] },
    }
  }

  /** What tools of a prepared step get as their contexts. */
  toolsContext(stepIndex: number): Readonly<Record<string, unknown>> {
    return this.#known[stepIndex]?.call.toolsContext ?? this.#definition.toolsContext
  }

  /** The steps as the AI SDK has them. */
  async results(steps: readonly StepView[]): Promise<AgentStep[]> {
    await this.#prepareUpTo(steps.slice(0, -1))
    return this.#results(steps)
  }

  async #prepareUpTo(steps: readonly StepView[]): Promise<void> {
    for (let index = this.#known.length; index <= steps.length; index++) {
      const next = await this.#prepare(steps.slice(0, index))
      const before = this.#known[index - 1]
      // A long run would keep its whole conversation once for every step.
      if (before) this.#known[index - 1] = { ...before, call: { ...before.call, messages: [] } }
      this.#known.push(next)
    }
  }

  /** Each of the steps was prepared. */
  #results(steps: readonly StepView[]): AgentStep[] {
    return steps.map((view, index) => {
      const known = this.#found.get(view)
      if (known) return known
      const { call, runtimeContext } = this.#known[index]!
      const result = agentStep(view, {
        runId: this.#runId,
        runtimeContext,
        toolsContext: call.toolsContext,
        messages: this.#messages.said([view], call.model),
      })
      this.#found.set(view, result)
      return result
    })
  }

  async #prepare(steps: readonly StepView[]): Promise<Preparation> {
    const overrides = await this.#overrides(steps)
    const before = this.#known[steps.length - 1]
    const { model: ownModel, call, toolsContext, runtimeContext } = this.#definition
    const model = (overrides?.model as AgentModel | undefined) ?? ownModel
    const { providerOptions } = call
    const ownMessages = overrides?.messages !== undefined || before?.ownMessages === true
    const choice = overrides?.toolChoice ?? call.toolChoice
    const order = overrides?.toolOrder ?? call.toolOrder
    const instructions = instructionsOf(overrides) ?? this.#instructions(before)
    return {
      call: {
        ...call,
        ...settingsOf(overrides),
        model,
        tools: this.#tools(overrides),
        ...(choice === undefined ? {} : { toolChoice: choice as ToolChoice<ToolSet> }),
        ...(order === undefined ? {} : { toolOrder: order }),
        ...(instructions === undefined ? {} : { instructions }),
        ...(overrides?.providerOptions && {
          providerOptions: merged(providerOptions, overrides.providerOptions),
        }),
        toolsContext: overrides?.toolsContext ?? before?.call.toolsContext ?? toolsContext,
        messages: overrides?.messages ?? this.#told(steps, model),
      },
      runtimeContext: overrides?.runtimeContext ?? before?.runtimeContext ?? runtimeContext,
      ownMessages,
      messagesReplaced: ownMessages || this.#messagesReplaced,
    }
  }

  async #overrides(steps: readonly StepView[]): Promise<Overrides | undefined> {
    const { prepareStep, model, call, toolsContext, runtimeContext } = this.#definition
    if (!prepareStep) return undefined
    const before = this.#known[steps.length - 1]
    return ownCode('prepareStep', async () => {
      const overrides = await prepareStep({
        model,
        steps: this.#results(steps) as never[],
        stepNumber: steps.length,
        instructions: this.#instructions(before),
        initialInstructions: call.instructions,
        messages: this.#told(steps, model),
        initialMessages: this.#messages.history(model),
        responseMessages: this.#messages.said(steps, model) as never[],
        toolsContext: (before?.call.toolsContext ?? toolsContext) as never,
        runtimeContext: before?.runtimeContext ?? runtimeContext,
      })
      if (overrides) checkOverrides(overrides)
      return overrides as Overrides | undefined
    })
  }

  /** What the model is told before `prepareStep` has its say. */
  #told(steps: readonly StepView[], model: ModelName): ModelMessage[] {
    const before = this.#known[steps.length - 1]
    if (!before?.ownMessages)
      return [...this.#messages.history(model), ...this.#messages.said(steps, model)]
    return [...before.call.messages, ...this.#messages.said(steps.slice(-1), model)]
  }

  #instructions(before: Preparation | undefined): Instructions | undefined {
    return before ? before.call.instructions : this.#definition.call.instructions
  }

  #tools(overrides: Overrides | undefined): OutlastToolSet | undefined {
    const { tools, activeTools } = this.#definition
    const active: readonly string[] | undefined = overrides?.activeTools ?? activeTools
    if (!tools || !active) return tools
    return Object.fromEntries(Object.entries(tools).filter(([name]) => active.includes(name)))
  }
}

const OVERRIDES = new Set<string>([
  'model',
  'toolChoice',
  'activeTools',
  'toolOrder',
  'instructions',
  'system',
  'messages',
  'toolsContext',
  'runtimeContext',
  'providerOptions',
  ...CALL_SETTING_NAMES,
] satisfies (keyof Overrides)[])

const checkOverrides = (overrides: object): void => {
  const refuse = (reason: string): never => {
    throw new AgentDefinitionError(`What prepareStep returned cannot be used: ${reason}`)
  }
  for (const [key, value] of Object.entries(overrides)) {
    if (value !== undefined && !OVERRIDES.has(key)) refuse(`"${key}" is not supported.`)
  }
  if ('model' in overrides && overrides.model !== undefined) checkModel(overrides.model, refuse)
}

const instructionsOf = (overrides: Overrides | undefined): Instructions | undefined =>
  overrides?.instructions ?? overrides?.system

const settingsOf = (overrides: Overrides | undefined): object => {
  const given = CALL_SETTING_NAMES.map((key) => [key, overrides?.[key]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

/** Objects are merged key by key, everything else is replaced. */
const merged = <T extends object>(base: T | undefined, over: T): T => {
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over) as [string, unknown][]) {
    if (value === undefined) continue
    const old = result[key]
    result[key] = isPlain(old) && isPlain(value) ? merged(old, value) : value
  }
  return result as T
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
