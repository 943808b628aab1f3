/** The agents of a process, by name, behind the engine's ports. */
import { ConfigError } from '../domain/errors.ts'
import type { Agent, Agents } from '../engine/ports.ts'
import type { AgentDefinition, OutlastToolSet } from './define-agent.ts'
import { describeFailure } from './failure.ts'
import { callModel } from './model-call.ts'
import { recoverTool, runTool, traitsOf } from './run-tool.ts'

export const createAgent = <TOOLS extends OutlastToolSet>(
  definition: AgentDefinition<TOOLS>,
): Agent => {
  const { name, model, tools, maxSteps, maxRetries, timeout, call } = definition
  const context = { maxSteps, neverTools: call.toolChoice === 'none' }
  return {
    name,
    maxSteps,
    maxRetries,
    timeout,
    model: { provider: model.provider, modelId: model.modelId },
    callModel: (request) => callModel(definition, request),
    describeFailure: (error) => describeFailure(error, context),
    tool: (toolName) => traitsOf(tools, toolName),
    runTool: (invocation) => runTool(tools, invocation),
    recoverTool: (invocation) => recoverTool(tools, invocation),
  }
}

export type AgentsOptions = {
  readonly agents: readonly AgentDefinition[]
  /** The agent of new runs; the first one unless set. */
  readonly defaultName?: string | undefined
}

/** @throws ConfigError when there is no agent, two have one name, or none has the default name */
export const createAgents = ({ agents, defaultName = agents[0]?.name }: AgentsOptions): Agents => {
  const byName = new Map<string, Agent>()
  for (const definition of agents) {
    if (byName.has(definition.name)) {
      throw new ConfigError(`Two agents have the name "${definition.name}". Rename one of them.`)
    }
    byName.set(definition.name, createAgent(definition))
  }
  if (defaultName === undefined) {
    throw new ConfigError('There is no agent. Define one with defineAgent({ name, model, ... }).')
  }
  if (!byName.has(defaultName)) {
    throw new ConfigError(
      `There is no agent "${defaultName}". There are ${[...byName.keys()].join(', ')}.`,
    )
  }
  return { defaultName, resolve: async (run) => byName.get(run.agent ?? defaultName) }
}
