/** The agents that a server offers: which one a request gets, and which one a run has. */
import { AgentFailedError, ConfigError, InvalidRequestError } from '../domain/errors.ts'
import type { Agent, AgentChoice, Agents, AgentSource } from '../engine/ports.ts'
import { createAgent } from './agent.ts'
import { checkedOptions } from './call-options.ts'
import { isAgentDefinition, type AgentDefinition } from './define-agent.ts'
import { ownCode } from './own-code.ts'
import { preparedCall } from './prepare-call.ts'
import { checkSdk } from './installed.ts'
import type { FlexibleSchema } from '@ai-sdk/provider-utils'

/** What a run says about its agent: the same at its start and whenever another process goes on with it. */
export type AgentRequest = {
  /** The name that the request chose, or the first one offered. */
  readonly name: string
  readonly principal: { readonly workspaceId: string; readonly userId: string }
  readonly chat: { readonly id: string }
  /** As `callOptionsSchema` gave them; null without one. */
  readonly options: unknown
}

/** Gives a run its agent; undefined for the one in `agents` with its name. */
export type AgentFunction = (
  request: AgentRequest,
) => AgentDefinition | undefined | Promise<AgentDefinition | undefined>

export type AgentsOptions = {
  readonly agents?: readonly AgentDefinition[] | undefined
  readonly agent?: AgentFunction | undefined
  /** Of the requests' `options`, for agents that have no schema of their own. */
  readonly callOptionsSchema?: FlexibleSchema<unknown> | undefined
}

/** @throws ConfigError when there is no agent, or two have one name */
export const createAgents = ({ agents = [], agent, callOptionsSchema }: AgentsOptions): Agents => {
  checkSdk()
  const byName = new Map(agents.map((definition) => [definition.name, definition]))
  const names = agents.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice) throw new ConfigError(`Two agents have the name "${twice}". Rename one of them.`)
  const first = names[0]
  if (first === undefined && !agent)
    throw new ConfigError('There is no agent. Define one with defineAgent({ name, model, ... }).')
  const choose = async ({ agent: wanted, options }: Parameters<Agents['choose']>[0]) => {
    const name = wanted ?? first ?? DEFAULT_NAME
    if (first !== undefined && !byName.has(name)) throw unknownAgent(name, names)
    const schema = byName.get(name)?.callOptionsSchema ?? callOptionsSchema
    return { agent: name, options: await checkedOptions(schema, options) } satisfies AgentChoice
  }
  const resolve = async (source: AgentSource): Promise<Agent | undefined> => {
    const name = source.run.agent ?? first ?? DEFAULT_NAME
    const definition = (agent && (await chosen(agent, name, source))) ?? byName.get(name)
    if (!definition) return undefined
    const { definition: prepared, ...ground } = await preparedCall(definition, source)
    return createAgent(await equipped(prepared), { run: source.run, ...ground })
  }
  return { choose, resolve }
}

/** The name in the runs of a server that offers none. */
const DEFAULT_NAME = 'agent'

const unknownAgent = (name: string, names: readonly string[]): InvalidRequestError =>
  new InvalidRequestError(
    `In the body, agent: there is no agent ${JSON.stringify(name.slice(0, 80))}. There are ${names.join(', ')}.`,
  )

/** With what its MCP servers have now. */
const equipped = async (definition: AgentDefinition): Promise<AgentDefinition> => {
  const { mcp, tools } = definition
  return mcp ? { ...definition, tools: { ...(await mcp.tools()), ...tools } } : definition
}

const chosen = async (
  agent: AgentFunction,
  name: string,
  { run, chatId }: AgentSource,
): Promise<AgentDefinition | undefined> => {
  const definition = await ownCode('agent', () =>
    agent({
      name,
      principal: { workspaceId: run.workspaceId, userId: run.createdBy },
      chat: { id: chatId },
      options: run.options,
    }),
  )
  if (definition === undefined || isAgentDefinition(definition)) return definition
  throw new AgentFailedError(
    'The agent function of this server gave something else than an agent: it has to return what defineAgent made.',
  )
}
