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
const SECRET =
  'Approvals are compared with the journal, never with what a client says of them: remove the option.'
const TELEMETRY = 'Runs have traces of their own, and metrics: see docs/operations.md.'
export const REFUSED_OPTIONS = {
  telemetry: TELEMETRY,
  experimental_telemetry: TELEMETRY,
  include: 'Outlast decides itself what it keeps of a step: remove the option.',
  experimental_toolApprovalSecret: SECRET,
  experimental_toolCallers: 'Tools are called by the model only: remove the option.',
  onStart: CALLBACK,
  experimental_onStart: CALLBACK,
  onStepStart: CALLBACK,
  experimental_onStepStart: CALLBACK,
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
