/** The same agent in the AI SDK's own loop: what its model is asked, and the message that its clients get. */
import {
  convertToModelMessages,
  isStepCount,
  readUIMessageStream,
  ToolLoopAgent,
  toUIMessageStream,
  type UIMessage,
} from 'ai'
import type { AgentOptions, OutlastToolSet } from '../../src/agent/define-agent.ts'
import { getErrorText } from '../../src/engine/error-text.ts'
import { scriptedModel, type ModelScript, type ScriptedModel } from './scripted-model.ts'

export type AgentScript = {
  /** Who speaks first; a text, or the parts of a UI message. */
  readonly ask: string | UIMessage['parts']
  readonly model: ModelScript
  readonly tools?: OutlastToolSet
  readonly options?: Omit<Partial<AgentOptions<OutlastToolSet>>, 'name' | 'id' | 'model' | 'tools'>
}

export type AgentRecord = { readonly prompts: unknown[]; readonly uiMessage: unknown }

export const askParts = ({ ask }: AgentScript): UIMessage['parts'] =>
  typeof ask === 'string' ? [{ type: 'text', text: ask }] : ask

/** Runs a script in `ToolLoopAgent`. */
export const runReference = async (script: AgentScript): Promise<AgentRecord> => {
  const model = scriptedModel(script.model)
  const { tools = {} } = script
  const { maxSteps = 20, ...options } = script.options ?? {}
  const agent = new ToolLoopAgent({
    ...(options as object),
    model,
    ...(script.tools ? { tools } : {}),
    stopWhen: options.stopWhen ?? isStepCount(maxSteps),
  })
  const messages = [{ id: 'user-1', role: 'user' as const, parts: askParts(script) }]
  const result = await agent.stream({ messages: await convertToModelMessages(messages) })
  // What versions say of an error when nothing is said is not the same.
  const onError = getErrorText
  const stream = toUIMessageStream({ stream: result.stream, tools, sendSources: true, onError })
  let uiMessage: UIMessage | undefined
  for await (const next of readUIMessageStream({ stream, terminateOnError: true })) uiMessage = next
  return { prompts: promptsOf(model), uiMessage: comparable(uiMessage?.parts) }
}

/** What every call of the model was asked: prompt, tools and settings, without what belongs to the transport. */
export const promptsOf = ({ calls }: ScriptedModel): unknown[] =>
  calls.map(({ abortSignal: _signal, headers: _headers, includeRawChunks: _raw, ...asked }) =>
    comparable(asked),
  )

const METADATA = new Set([
  'providerMetadata',
  'callProviderMetadata',
  'resultProviderMetadata',
  'toolMetadata',
])

/**
 * A copy as JSON has it, without what Outlast says otherwise on purpose: clients get no metadata of providers and no
 * titles of tools, and bytes are base64.
 */
export const comparable = (value: unknown): unknown => {
  const json = JSON.stringify(value ?? null, (_key, entry: unknown) =>
    entry instanceof Uint8Array ? Buffer.from(entry).toString('base64') : entry,
  )
  return JSON.parse(json, function (this: object, key, entry: unknown) {
    if (METADATA.has(key) || (key === 'title' && 'toolCallId' in this)) return undefined
    return entry
  })
}
