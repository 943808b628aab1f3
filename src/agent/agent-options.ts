/** What `defineAgent` takes: the options of the AI SDK's `ToolLoopAgent` by their own names, and a few of Outlast's. */
import type {
  LanguageModel,
  LanguageModelCallOptions,
  OutputInterface,
  ToolLoopAgentSettings,
  ToolSet,
} from 'ai'
import type { Context, InferToolSetContext, ToolExecutionOptions } from '@ai-sdk/provider-utils'
import type { Prices } from '../domain/cost.ts'
import type { McpServers } from './mcp/mcp-servers.ts'

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

/** How long silence may last, and a step. Providers on Node's own fetch give up after 5 minutes by themselves. */
export type AgentTimeout<TOOLS extends OutlastToolSet = OutlastToolSet> = {
  /** Until the first chunk of a model call; 2 minutes unless set. */
  readonly firstChunkMs?: number | undefined
  /** Between two chunks of a model call; 1 minute unless set. */
  readonly chunkMs?: number | undefined
  /** For a step, its retries and its tools included; not limited unless set. */
  readonly stepMs?: number | undefined
  /** For one execution of a tool; 10 minutes unless set. */
  readonly toolMs?: number | undefined
  /** For one execution of single tools, by `<name>Ms`. */
  readonly tools?: { readonly [NAME in keyof TOOLS & string as `${NAME}Ms`]?: number | undefined }
}

type AgentName =
  | { /** New runs store it. */ readonly name: string; readonly id?: undefined }
  | { readonly id: string; readonly name?: undefined }

type Settings<
  TOOLS extends OutlastToolSet,
  CALL_OPTIONS,
  CONTEXT extends Context,
> = ToolLoopAgentSettings<CALL_OPTIONS, TOOLS, CONTEXT, OutputInterface>

/** Options of the AI SDK that mean what they mean there. */
type TakenOption =
  | 'instructions'
  | 'allowSystemInMessages'
  | 'toolChoice'
  | 'activeTools'
  | 'toolApproval'
  | 'toolOrder'
  | 'toolCallConcurrency'
  | 'stopWhen'
  | 'prepareStep'
  | 'prepareCall'
  | 'callOptionsSchema'
  | 'runtimeContext'
  | 'repairToolCall'
  | 'experimental_repairToolCall'
  | 'experimental_refineToolInput'
  | 'experimental_download'
  | 'onLanguageModelCallStart'
  | 'onLanguageModelCallEnd'
  | 'headers'
  | 'providerOptions'

/** The options of `ToolLoopAgent` that Outlast supports, and `name`, `mcp`, `maxSteps`, `prices` and `timeout` of its own. */
export type AgentOptions<
  TOOLS extends OutlastToolSet,
  CALL_OPTIONS = unknown,
  CONTEXT extends Context = Context,
> = AgentName &
  LanguageModelCallOptions & {
    readonly [OPTION in TakenOption]?: Settings<TOOLS, CALL_OPTIONS, CONTEXT>[OPTION] | undefined
  } & {
    readonly model: AgentModel
    readonly tools?: TOOLS | undefined
    /** Servers whose tools the agent has as well: `await mcpServers({ ... })`. */
    readonly mcp?: McpServers | undefined
    /** What tools with a `contextSchema` get as `context`, by their names. */
    readonly toolsContext?: InferToolSetContext<NoInfer<TOOLS>> | undefined
    /**
     * Model calls in one run; the last one is asked to answer without tools. 20 unless set, 1,000 where `stopWhen` says when to
     * end.
     */
    readonly maxSteps?: number | undefined
    /** Further attempts after a broken model call, 2 unless set. */
    readonly maxRetries?: number | undefined
    readonly timeout?: AgentTimeout<NoInfer<TOOLS>> | undefined
    /**
     * Asks the model for structured output. The answer stays text in the message; what it says is checked, and stored as the
     * run's `output`.
     */
    readonly output?: OutputInterface | undefined
    /** Of `model`. Each step then keeps what it cost. */
    readonly prices?: Prices | undefined
  }
