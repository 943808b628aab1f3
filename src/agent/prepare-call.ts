/** An agent as its `prepareCall` has it for one run: asked again wherever the run goes on, with the same options and history. */
import type { ModelMessage } from 'ai'
import { AgentFailedError } from '../domain/errors.ts'
import type { AgentSource, RunMessages } from '../engine/ports.ts'
import { defineAgent, type AgentDefinition, type AgentOptions } from './define-agent.ts'
import type { OutlastToolSet } from './agent-options.ts'
import { ownCode } from './own-code.ts'

type Prepared = {
  readonly definition: AgentDefinition
  readonly messages: RunMessages
  readonly messagesReplaced: boolean
}

/** @throws AgentFailedError when it throws, or returns what an agent may not have */
export const preparedCall = async (
  definition: AgentDefinition,
  { run, messages }: AgentSource,
): Promise<Prepared> => {
  const { prepareCall, callOptionsSchema, options: given } = definition
  if (!prepareCall) return { definition, messages, messagesReplaced: false }
  const history = messages.history(definition.model)
  return ownCode('prepareCall', async () => {
    const { prepareCall: _itself, callOptionsSchema: _schema, ...settings } = given
    const asked = { ...settings, messages: history, options: callOptionsSchema && run.options }
    const answer = (await prepareCall(asked as never)) as PreparedOptions
    const { messages: told, prompt, options: _options, instructions, ...changed } = answer
    if (prompt !== undefined) throw noPrompt()
    const changes = { ...ownOptions(given), ...changed, instructions, name: definition.name }
    const messagesReplaced = told !== undefined && told !== history
    return {
      definition: defineAgent({ ...changes, id: undefined } as AgentOptions<OutlastToolSet>),
      messages: messagesReplaced ? { ...messages, history: () => [...told] } : messages,
      messagesReplaced,
    }
  })
}

type PreparedOptions = Omit<AgentOptions<OutlastToolSet>, 'name' | 'id'> & {
  readonly messages?: readonly ModelMessage[]
  readonly prompt?: unknown
  readonly options?: unknown
}

/** What `prepareCall` of the AI SDK knows nothing of, and so may leave out. */
const ownOptions = ({
  mcp,
  maxSteps,
  maxRetries,
  timeout,
  prices,
}: AgentDefinition['options']) => ({
  mcp,
  maxSteps,
  maxRetries,
  timeout,
  prices,
})

const noPrompt = (): AgentFailedError =>
  new AgentFailedError(
    'The prepareCall of the agent returned a prompt, which a chat does not have: change messages or instructions.',
  )
