/** Why Outlast refuses an option of the AI SDK's `ToolLoopAgent`, and what to do instead. */
import type { ToolLoopAgentSettings, ToolSet } from 'ai'
import type { AgentOptions, OutlastToolSet } from './define-agent.ts'

/** Fails to compile when the AI SDK has an option about which Outlast has not decided. */
type RefusedOption = Exclude<
  keyof ToolLoopAgentSettings<never, ToolSet>,
  keyof AgentOptions<OutlastToolSet>
>

const CALLBACK =
  'It would be lost with the process that runs the agent. Read the run from outside: attach to it, or look at its steps.'
const APPROVAL =
  'Waiting for a person is not possible yet: leave the tool out, or let its execute refuse.'
const CONTEXT = 'Close over the values in the tool, or use toolRun(options) in its execute.'
const TELEMETRY =
  'Wrap the model in a middleware (wrapLanguageModel) that reports what it is asked.'
const PER_CALL = 'Another process must be able to go on with the run: define one agent per variant.'

export const REFUSED_OPTIONS = {
  stopWhen:
    'A run ends when the model calls no more tools; maxSteps limits it, and the last step answers without tools.',
  prepareStep:
    'Each step has to be the same in another process: use instructions, activeTools and toolChoice.',
  prepareCall: PER_CALL,
  callOptionsSchema: PER_CALL,
  telemetry: TELEMETRY,
  experimental_telemetry: TELEMETRY,
  include: 'Outlast decides itself what it keeps of a step: remove the option.',
  runtimeContext: CONTEXT,
  toolsContext: CONTEXT,
  toolApproval: APPROVAL,
  experimental_toolApprovalSecret: APPROVAL,
  experimental_toolCallers: 'Tools are called by the model only: remove the option.',
  experimental_refineToolInput: 'Change the input in the tool, in its inputSchema or its execute.',
  experimental_repairToolCall: 'It has been renamed: use repairToolCall.',
  experimental_download: 'Give files to the model as data instead of URLs.',
  allowSystemInMessages: 'Histories have no system messages: use instructions.',
  toolCallConcurrency: 'The calls of one step run in parallel: let the tools limit themselves.',
  onStart: CALLBACK,
  experimental_onStart: CALLBACK,
  onStepStart: CALLBACK,
  experimental_onStepStart: CALLBACK,
  onLanguageModelCallStart: CALLBACK,
  onLanguageModelCallEnd: CALLBACK,
  onToolExecutionStart: CALLBACK,
  onToolExecutionEnd: CALLBACK,
  onStepEnd: CALLBACK,
  onStepError: CALLBACK,
  onStepFinish: CALLBACK,
  onError: CALLBACK,
  onAbort: CALLBACK,
  onEnd: CALLBACK,
  onFinish: CALLBACK,
  _internal: 'It is not meant to be set: remove it.',
} as const satisfies Record<RefusedOption, string>
