/** An agent, checked when it is defined: every option of the AI SDK's `ToolLoopAgent` is supported or refused with a reason. */
import type {
  ActiveTools,
  Instructions,
  LanguageModelCallOptions,
  OutputInterface,
  StopCondition,
  ToolCallRepairFunction,
  ToolChoice,
  ToolInputRefinement,
  ToolSet,
} from 'ai'
import type { Context, FlexibleSchema, ProviderOptions } from '@ai-sdk/provider-utils'
import type { Prices } from '../domain/cost.ts'
import { AgentDefinitionError } from '../domain/errors.ts'
import type { AgentModel, AgentOptions, OutlastToolSet } from './agent-options.ts'
import { checkInstructions, checkModel, checkName, checkSettings, count } from './check-agent.ts'
import { timeoutOf, type Timeout } from './check-timeout.ts'
import { checkApproval, checkToolNames, checkTools } from './check-tools.ts'
import type { McpServers } from './mcp/mcp-servers.ts'
import { REFUSED_OPTIONS } from './refused-options.ts'
import { checkSdk } from './installed.ts'

export type * from './agent-options.ts'

/** What each model call of an agent is given besides messages and tools. */
export type CallOptions = LanguageModelCallOptions & {
  readonly instructions?: Instructions
  readonly allowSystemInMessages?: boolean
  readonly toolChoice?: ToolChoice<ToolSet>
  readonly toolOrder?: readonly string[]
  readonly headers?: Record<string, string | undefined>
  readonly providerOptions?: ProviderOptions
  readonly output?: OutputInterface
  readonly repairToolCall?: ToolCallRepairFunction<ToolSet>
  readonly experimental_refineToolInput?: ToolInputRefinement<ToolSet>
  readonly experimental_download?: Options['experimental_download']
  readonly onLanguageModelCallStart?: Options['onLanguageModelCallStart']
  readonly onLanguageModelCallEnd?: Options['onLanguageModelCallEnd']
}

type Options = AgentOptions<OutlastToolSet>

const DEFINITION = Symbol.for('outlast.agent-definition')

export type AgentDefinition<TOOLS extends OutlastToolSet = OutlastToolSet> = {
  readonly [DEFINITION]: true
  readonly name: string
  readonly model: AgentModel
  /** Undefined when the agent has none at all. */
  readonly tools: Readonly<TOOLS> | undefined
  /** Servers with more tools, which each run asks for. */
  readonly mcp: McpServers | undefined
  /** Names of the tools that are offered unless a step says otherwise; undefined: all. */
  readonly activeTools: ActiveTools<ToolSet>
  readonly toolsContext: Readonly<Record<string, unknown>>
  readonly toolCallConcurrency: number
  readonly toolApproval: Options['toolApproval']
  readonly maxSteps: number
  readonly maxRetries: number
  readonly timeout: Timeout
  readonly prices: Prices | undefined
  readonly stopWhen: readonly StopCondition<ToolSet, Context>[]
  readonly prepareStep: Options['prepareStep']
  readonly runtimeContext: Context
  readonly callOptionsSchema: FlexibleSchema<unknown> | undefined
  /** The agent for a run with these options; undefined when it is the same for all. */
  readonly prepareCall: Options['prepareCall']
  /** As they were given, for `prepareCall`. */
  readonly options: Options
  readonly call: CallOptions
}

type OptionName = keyof AgentOptions<OutlastToolSet>

/** Options that each model call is given as they are. */
const CALL_OPTIONS = [
  'instructions',
  'allowSystemInMessages',
  'toolChoice',
  'toolOrder',
  'headers',
  'providerOptions',
  'output',
  'repairToolCall',
  'experimental_refineToolInput',
  'experimental_download',
  'onLanguageModelCallStart',
  'onLanguageModelCallEnd',
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

const OTHER_OPTIONS = {
  name: true,
  id: true,
  model: true,
  tools: true,
  mcp: true,
  activeTools: true,
  toolsContext: true,
  toolCallConcurrency: true,
  toolApproval: true,
  maxSteps: true,
  maxRetries: true,
  timeout: true,
  prices: true,
  stopWhen: true,
  prepareStep: true,
  runtimeContext: true,
  callOptionsSchema: true,
  prepareCall: true,
  experimental_repairToolCall: true,
} as const satisfies Record<Exclude<OptionName, (typeof CALL_OPTIONS)[number]>, true>

export const SUPPORTED_OPTIONS: readonly string[] = [...Object.keys(OTHER_OPTIONS), ...CALL_OPTIONS]

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
 * @throws ConfigError where `ai` is older than a server needs
 */
export const defineAgent = <
  TOOLS extends OutlastToolSet = Record<never, never>,
  CALL_OPTIONS = unknown,
  CONTEXT extends Context = Context,
>(
  options: AgentOptions<TOOLS, CALL_OPTIONS, CONTEXT>,
): AgentDefinition<TOOLS> => {
  checkSdk()
  const name = checkName(options)
  const refuse = (reason: string): never => {
    throw new AgentDefinitionError(`Agent "${name}": ${reason}`)
  }
  refuseUnsupported(options, refuse)
  checkModel(options.model, refuse)
  checkInstructions(options.instructions, refuse)
  checkTools(options.tools, refuse)
  checkApproval(options, refuse)
  checkSettings(options, refuse)
  checkToolNames(options, refuse)
  return Object.freeze(definitionOf(name, options as unknown as AgentOptions<TOOLS>, refuse))
}

const definitionOf = <TOOLS extends OutlastToolSet>(
  name: string,
  options: AgentOptions<TOOLS>,
  refuse: (reason: string) => never,
): AgentDefinition<TOOLS> => {
  const { tools, stopWhen, maxSteps, maxRetries, toolCallConcurrency } = options
  const standardSteps = stopWhen === undefined ? 20 : MAX_STEPS
  const whole = (option: string, value: unknown, least: number, most: number, standard: number) =>
    count(option, value, { least, most, standard }, refuse)
  return {
    [DEFINITION]: true,
    name,
    model: options.model,
    tools: tools && Object.freeze({ ...tools }),
    mcp: options.mcp,
    activeTools: options.activeTools as ActiveTools<ToolSet>,
    toolsContext: Object.freeze({ ...options.toolsContext }),
    toolCallConcurrency: whole('toolCallConcurrency', toolCallConcurrency, 1, 10_000, 10_000),
    toolApproval: options.toolApproval as Options['toolApproval'],
    maxSteps: whole('maxSteps', maxSteps, 1, MAX_STEPS, standardSteps),
    maxRetries: whole('maxRetries', maxRetries, 0, 100, 2),
    timeout: timeoutOf(options.timeout, Object.keys(tools ?? {}), refuse),
    prices: options.prices,
    stopWhen: [stopWhen ?? []].flat() as AgentDefinition['stopWhen'],
    prepareStep: options.prepareStep as Options['prepareStep'],
    runtimeContext: options.runtimeContext ?? {},
    callOptionsSchema: options.callOptionsSchema,
    prepareCall: options.prepareCall as Options['prepareCall'],
    options: options as unknown as Options,
    call: Object.freeze(callOptionsOf(options)),
  }
}

const MAX_STEPS = 1_000

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

const callOptionsOf = <TOOLS extends OutlastToolSet>(options: AgentOptions<TOOLS>): CallOptions => {
  const { experimental_repairToolCall: repairToolCall } = options
  const given = CALL_OPTIONS.map((key) => [key, options[key]] as const)
  return {
    ...(repairToolCall === undefined ? {} : { repairToolCall }),
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
  } as CallOptions
}
