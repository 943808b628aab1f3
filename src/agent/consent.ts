/** Asks the agent's own rules, as the AI SDK does, whether a person has to approve a call. */
import type { ToolApprovalStatus, TypedToolCall, ToolSet } from 'ai'
import { ToolFailedError } from '../domain/errors.ts'
import type { Consent, ToolInvocation } from '../engine/ports.ts'
import type { AgentDefinition } from './define-agent.ts'
import { contextOf, ownTool, type Toolbox } from './run-tool.ts'

type Rules = Pick<AgentDefinition, 'toolApproval' | 'runtimeContext'>

/**
 * `toolApproval` of the agent comes before `needsApproval` of the tool.
 *
 * @throws ToolFailedError when the rules fail: then nobody has approved
 */
export const consentTo = async (
  rules: Rules,
  toolbox: Toolbox,
  invocation: ToolInvocation,
): Promise<Consent> => {
  try {
    return consentOf(await statusOf(rules, toolbox, invocation))
  } catch (cause) {
    throw new ToolFailedError(
      `The call was not executed: it could not be found out whether it needs approval.`,
      { cause },
    )
  }
}

const statusOf = async (
  { toolApproval, runtimeContext }: Rules,
  { tools, mcp, contexts }: Toolbox,
  { toolName, toolCallId, input, messages: given }: ToolInvocation,
): Promise<ToolApprovalStatus> => {
  const messages = [...given]
  const tool = ownTool({ tools, mcp }, toolName)
  if (typeof toolApproval === 'function') {
    const dynamic = tool?.type === 'dynamic' ? { dynamic: true } : {}
    return toolApproval({
      toolCall: {
        type: 'tool-call',
        toolCallId,
        toolName,
        input,
        ...dynamic,
      } as TypedToolCall<ToolSet>,
      tools: tools as ToolSet | undefined,
      toolsContext: contexts as never,
      runtimeContext,
      messages,
    })
  }
  const context = tool && (await contextOf(tool, toolName, contexts))
  if (toolApproval && Object.hasOwn(toolApproval, toolName) && toolApproval[toolName] != null) {
    const own = toolApproval[toolName]
    if (typeof own !== 'function') return own
    const options = { toolCallId, messages, toolContext: context, runtimeContext }
    return own(input as never, options as never)
  }
  const needs = tool?.needsApproval
  if (typeof needs !== 'function') return needs ? 'user-approval' : undefined
  const needed = await needs(input as never, { toolCallId, messages, context: context as never })
  return needed ? 'user-approval' : undefined
}

const consentOf = (status: ToolApprovalStatus): Consent => {
  const { type, reason } = typeof status === 'object' ? status : { type: status, reason: undefined }
  switch (type) {
    case undefined:
    case 'not-applicable':
      return { kind: 'not-needed' }
    case 'user-approval':
      return { kind: 'needed', reason }
    case 'approved':
    case 'denied':
      return { kind: type, reason }
    default:
      // A rule that says something else has not said yes.
      throw new ToolFailedError(`${JSON.stringify(type satisfies never)} is no approval status.`)
  }
}
