/** An agent outside of a run, for tests of its calls. */
import type { ModelMessage } from 'ai'
import { createAgent } from '../../src/agent/agent.ts'
import type { AgentDefinition } from '../../src/agent/define-agent.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import type { Agent, ModelPart, PreparedStep } from '../../src/engine/ports.ts'

export const aloneAgent = (
  definition: AgentDefinition,
  history: readonly ModelMessage[] = [],
): Agent =>
  createAgent(definition, {
    run: { id: 'run-1' } as RunRecord,
    messages: { history: () => [...history], said: () => [] },
  })

export type FirstCall = {
  readonly messages: readonly ModelMessage[]
  readonly withTools?: boolean
  readonly signal?: AbortSignal
}

/** The first step of a run with these messages. */
export const firstStep = (
  definition: AgentDefinition,
  { messages, withTools = true }: FirstCall,
): Promise<PreparedStep> =>
  aloneAgent(definition, messages).prepareStep({ steps: [], withTools, plainly: false })

/** The first model call of a run with these messages. */
export const callModel = async (
  definition: AgentDefinition,
  call: FirstCall,
): Promise<AsyncIterable<ModelPart>> => {
  const { signal = new AbortController().signal } = call
  return (await firstStep(definition, call)).call(signal)
}
