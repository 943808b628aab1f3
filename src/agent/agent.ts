/** The agent of one run in this process, behind the engine's port. */
import { costMicros } from '../domain/cost.ts'
import type { Agent, AgentSource, PreparedStep, StepContext } from '../engine/ports.ts'
import { clientOutput } from './client-output.ts'
import { consentTo } from './consent.ts'
import type { AgentDefinition, OutlastToolSet } from './define-agent.ts'
import { describeFailure } from './failure.ts'
import { withAllowedThinking } from './providers/thinking.ts'
import { callModel } from './model-call.ts'
import { readOutput } from './output.ts'
import { ownCode } from './own-code.ts'
import { Preparations } from './preparations.ts'
import { recoverTool, runTool, traitsOf } from './run-tool.ts'
import { stepRequest } from './step-request.ts'

/** Where an agent works. */
export type AgentGround = Pick<AgentSource, 'run' | 'messages'> & {
  /** True when the history is not the chat's, but one that `prepareCall` gave. */
  readonly messagesReplaced?: boolean
}

export const createAgent = <TOOLS extends OutlastToolSet>(
  given: AgentDefinition<TOOLS>,
  { run, messages, messagesReplaced = false }: AgentGround,
): Agent => {
  const definition = given as unknown as AgentDefinition
  const { name, tools, mcp, maxSteps, maxRetries, timeout, toolCallConcurrency } = definition
  const preparations = new Preparations(definition, { runId: run.id, messages, messagesReplaced })
  const toolbox = (stepIndex: number) => ({
    tools,
    mcp,
    contexts: preparations.toolsContext(stepIndex),
  })
  return {
    name,
    maxSteps,
    maxRetries,
    timeout,
    toolCallConcurrency,
    prepareStep: (context) => prepareStep(definition, preparations, context),
    isDone: async (steps) => {
      const { stopWhen } = definition
      if (stopWhen.length === 0) return false
      const results = await preparations.results(steps)
      const ask = async (condition: (typeof stopWhen)[number]) => condition({ steps: results })
      const answers = await ownCode('stopWhen', () => Promise.all(stopWhen.map(ask)))
      return answers.some(Boolean)
    },
    readOutput: (answer) => readOutput(definition.call.output, answer),
    tool: (toolName) => traitsOf(definition, toolName),
    runTool: (invocation) => runTool(toolbox(invocation.stepIndex), invocation),
    consent: (invocation) => consentTo(definition, toolbox(invocation.stepIndex), invocation),
    clientOutput: (toolCall, output) => clientOutput(tools, toolCall, output),
    recoverTool: (invocation) => recoverTool(toolbox(invocation.stepIndex), invocation),
  }
}

const prepareStep = async (
  definition: AgentDefinition,
  preparations: Preparations,
  context: StepContext,
): Promise<PreparedStep> => {
  const { maxSteps, prices, model } = definition
  const prepared = await preparations.next(context)
  const { messagesReplaced } = prepared
  const call = withAllowedThinking(prepared.call)
  const neverTools = context.withTools && call.toolChoice === 'none'
  const isOwnModel = call.model.provider === model.provider && call.model.modelId === model.modelId
  return {
    request: stepRequest(call, context.steps, { messagesReplaced }),
    messages: call.messages,
    call: (signal, messages = call.messages) => callModel({ ...call, messages }, signal),
    describeFailure: (error) => describeFailure(error, { maxSteps, neverTools }),
    // The prices are those of the agent's own model.
    costMicros: (usage) => (prices && isOwnModel ? costMicros(usage, prices) : undefined),
  }
}
