/** An agent, checked when it is defined: every option of the AI SDK's `ToolLoopAgent` is supported or refused with a reason. */
import type {
  ActiveTools,
  Instructions,
  LanguageModel,
  LanguageModelCallOptions,
  OutputInterface,
  ToolCallRepairFunction,
  ToolChoice,
  ToolOrder,
  ToolSet,
} from 'ai'
import type { ProviderOptions, ToolExecutionOptions } from '@ai-sdk/provider-utils'
import { AgentDefinitionError } from '../domain/errors.ts'
import type { Agent } from '../engine/ports.ts'
import {
  checkCallSettings,
  checkInstructions,
  checkModel,
  checkName,
  count,
  milliseconds,
} from './check-agent.ts'
import { checkToolNames, checkTools } from './check-tools.ts'
import { REFUSED_OPTIONS } from './refused-options.ts'

/** A tool of the AI SDK. */
export type OutlastTool = ToolSet[string] & {
  /** Executing it twice is the same as executing it once: it only looks, or it honours the idempotency key. */
  readonly idempotent?: boolean | undefined
  /**
   * Finds out what became of a call that was started before its process died, by the idempotency key for example
   * (`toolRun(options).idempotencyKey`). Without it, and without `idempotent`, the model is told that the outcome is unknown.
   */
  readonly onInterrupted?: ToolRecovery | undefined
}

/** What a tool found out about an interrupted call of its own. */
export type ToolRecoveryResult =
  | { readonly outcome: 'succeeded'; readonly output: unknown }
  | { readonly outcome: 'failed'; readonly error: string }
  /** It never took effect: it is executed now. */
  | { readonly outcome: 'not-executed' }
  | { readonly outcome: 'unknown' }

export type ToolRecovery = (
  input: never,
  options: ToolExecutionOptions<never>,
) => ToolRecoveryResult | PromiseLike<ToolRecoveryResult>

export type OutlastToolSet = Record<string, OutlastTool>

export type AgentModel = Exclude<LanguageModel, string>

/** How long silence may last. Providers on Node's own fetch give up after 5 minutes by themselves. */
export type AgentTimeout = {
  /** Until the first chunk of a model call; 2 minutes unless set. */
  readonly firstChunkMs?: number | undefined
  /** Between two chunks of a model call; 1 minute unless set. */
  readonly chunkMs?: number | undefined
  /** For one execution of a tool; 10 minutes unless set. */
  readonly toolMs?: number | undefined
}

type AgentName =
  | { /** New runs store it. */ readonly name: string; readonly id?: undefined }
  | { readonly id: string; readonly name?: undefined }

/** The options of `ToolLoopAgent` that Outlast supports, and `name`, `maxSteps` and `timeout` of its own. */
export type AgentOptions<TOOLS extends OutlastToolSet> = AgentName &
  LanguageModelCallOptions & {
    readonly model: AgentModel
    readonly instructions?: Instructions | undefined
    readonly tools?: TOOLS | undefined
    readonly toolChoice?: ToolChoice<NoInfer<TOOLS>> | undefined
    readonly activeTools?: ActiveTools<NoInfer<TOOLS>>
    readonly toolOrder?: ToolOrder<NoInfer<TOOLS>>
    /** Model calls in one run, 20 unless set. The last one is asked to answer without tools. */
    readonly maxSteps?: number | undefined
    /** Further attempts after a broken model call, 2 unless set. */
    readonly maxRetries?: number | undefined
    readonly timeout?: AgentTimeout | undefined
    readonly headers?: Record<string, string | undefined> | undefined
    readonly providerOptions?: ProviderOptions | undefined
    /** Asks the model for structured output. The answer is kept as text: nothing is parsed. */
    readonly output?: OutputInterface | undefined
    readonly repairToolCall?: ToolCallRepairFunction<NoInfer<TOOLS>> | undefined
  }

/** What each model call of an agent is given besides messages and tools. */
export type CallOptions = LanguageModelCallOptions & {
  readonly instructions?: Instructions
  readonly toolChoice?: ToolChoice<ToolSet>
  readonly toolOrder?: readonly string[]
  readonly headers?: Record<string, string | undefined>
  readonly providerOptions?: ProviderOptions
  readonly output?: OutputInterface
  readonly repairToolCall?: ToolCallRepairFunction<ToolSet>
}

const DEFINITION = Symbol.for('outlast.agent-definition')

export type AgentDefinition<TOOLS extends OutlastToolSet = OutlastToolSet> = {
  readonly [DEFINITION]: true
  readonly name: string
  readonly model: AgentModel
  /** The active tools; undefined when the agent has none at all. */
  readonly tools: Partial<TOOLS> | undefined
  readonly maxSteps: number
  readonly maxRetries: number
  readonly timeout: Agent['timeout']
  readonly call: CallOptions
}

type OptionName = keyof AgentOptions<OutlastToolSet>

/** Options that each model call is given as they are. */
const CALL_OPTIONS = [
  'instructions',
  'toolChoice',
  'toolOrder',
  'headers',
  'providerOptions',
  'output',
  'repairToolCall',
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'presencePenalty',
  'frequencyPenalty',
  'stopSequences',
  'seed',
  'reasoning',
] as const satisfies readonly OptionName[]

const SUPPORTED_OPTIONS: readonly string[] = [
  'name',
  'id',
  'model',
  'tools',
  'activeTools',
  'maxSteps',
  'maxRetries',
  'timeout',
  ...CALL_OPTIONS,
] satisfies OptionName[]

/**
 * Defines an agent.
 *
 * @example
 * export default defineAgent({
 *   name: 'support',
 *   model: provider('some-model'),
 *   instructions: 'You answer questions about orders.',
 *   tools: { findOrder },
 * })
 * @throws AgentDefinitionError with what to do instead, for anything that Outlast would have to ignore
 */
export const defineAgent = <TOOLS extends OutlastToolSet = Record<never, never>>(
  options: AgentOptions<TOOLS>,
): AgentDefinition<TOOLS> => {
  const name = checkName(options)
  const refuse = (reason: string): never => {
    throw new AgentDefinitionError(`Agent "${name}": ${reason}`)
  }
  refuseUnsupported(options, refuse)
  checkModel(options.model, refuse)
  checkInstructions(options.instructions, refuse)
  checkTools(options.tools, refuse)
  checkToolNames(options, refuse)
  checkCallSettings(options, refuse)
  const { tools, activeTools } = options
  return Object.freeze({
    [DEFINITION]: true as const,
    name,
    model: options.model,
    tools: tools && activeOnly(tools, activeTools),
    maxSteps: count('maxSteps', options.maxSteps, { least: 1, most: 1_000, standard: 20 }, refuse),
    maxRetries: count(
      'maxRetries',
      options.maxRetries,
      { least: 0, most: 100, standard: 2 },
      refuse,
    ),
    timeout: timeoutOf(options.timeout, refuse),
    call: Object.freeze(callOptionsOf(options)),
  })
}

const activeOnly = <TOOLS extends OutlastToolSet>(
  tools: TOOLS,
  activeTools: readonly string[] | undefined,
): Partial<TOOLS> => {
  const isActive = (name: string) => !activeTools || activeTools.includes(name)
  const active = Object.entries(tools).filter(([name]) => isActive(name))
  return Object.freeze(Object.fromEntries(active) as Partial<TOOLS>)
}

/** Whether a value, the default export of a file for example, was made by `defineAgent`. */
export const isAgentDefinition = (value: unknown): value is AgentDefinition =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, DEFINITION)

const refuseUnsupported = (options: object, refuse: (reason: string) => never): void => {
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || SUPPORTED_OPTIONS.includes(key)) continue
    const reason = Object.hasOwn(REFUSED_OPTIONS, key)
      ? REFUSED_OPTIONS[key as keyof typeof REFUSED_OPTIONS]
      : undefined
    refuse(
      reason === undefined
        ? `"${key}" is not an option. The options are ${SUPPORTED_OPTIONS.join(', ')}.`
        : `the option "${key}" is not supported. ${reason}`,
    )
  }
}

const timeoutOf = (timeout: AgentTimeout | undefined, refuse: (reason: string) => never) => {
  if (timeout !== undefined && (typeof timeout !== 'object' || timeout === null)) {
    refuse(
      'a timeout for the whole answer is not supported: a run may take as long as it progresses. ' +
        'Set timeout: { firstChunkMs, chunkMs, toolMs }.',
    )
  }
  const { firstChunkMs, chunkMs, toolMs, ...others } = timeout ?? {}
  const other = Object.entries(others).find(([, value]) => value !== undefined)
  if (other) {
    refuse(
      `"timeout.${other[0]}" is not supported. Outlast limits silence, not length: set firstChunkMs, chunkMs or toolMs.`,
    )
  }
  return Object.freeze({
    firstChunkMs: milliseconds('timeout.firstChunkMs', firstChunkMs, 120_000, refuse),
    chunkMs: milliseconds('timeout.chunkMs', chunkMs, 60_000, refuse),
    toolMs: milliseconds('timeout.toolMs', toolMs, 600_000, refuse),
  })
}

const callOptionsOf = <TOOLS extends OutlastToolSet>(options: AgentOptions<TOOLS>): CallOptions => {
  const given = CALL_OPTIONS.map((key) => [key, options[key]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as CallOptions
}
