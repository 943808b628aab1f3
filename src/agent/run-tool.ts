/** Executes one call of a tool as the AI SDK does, and gives outputs that a journal can keep. */
import {
  convertUint8ArrayToBase64,
  executeTool,
  isExecutableTool,
  validateTypes,
  type FlexibleSchema,
  type Tool,
  type ToolResultOutput,
} from '@ai-sdk/provider-utils'
import { ToolFailedError } from '../domain/errors.ts'
import type { Recovery, ToolInvocation, ToolTraits, ToolUpdate } from '../engine/ports.ts'
import type { AgentDefinition, OutlastTool, OutlastToolSet } from './define-agent.ts'
import { asJson, toolRunOption } from './tool-run.ts'

export type Tools = Partial<OutlastToolSet> | undefined
/** The tools of an agent, and what those of one step get as `context`. */
export type Toolbox = {
  readonly tools: Tools
  readonly mcp?: AgentDefinition['mcp']
  readonly contexts: Readonly<Record<string, unknown>>
}

type OwnTool = Tool & Pick<OutlastTool, 'idempotent' | 'onInterrupted'>

/** Names come from models: what every object inherits is no tool. */
export const ownTool = (
  { tools, mcp }: Omit<Toolbox, 'contexts'>,
  name: string,
): OwnTool | undefined =>
  tools && Object.hasOwn(tools, name)
    ? (tools[name] as OwnTool)
    : (mcp?.absent(name) as OwnTool | undefined)

const isProviders = (tool: OwnTool): boolean => tool.type === 'provider' && tool.isProviderExecuted

export const traitsOf = (
  { timeout, ...box }: Pick<AgentDefinition, 'tools' | 'mcp' | 'timeout'>,
  name: string,
): ToolTraits | undefined => {
  const tool = ownTool(box, name)
  return (
    tool && {
      dynamic: tool.type === 'dynamic',
      idempotent: tool.idempotent === true,
      recoverable: tool.onInterrupted !== undefined,
      timeoutMs: Object.hasOwn(timeout.tools, name) ? timeout.tools[name]! : timeout.toolMs,
      defersResults: tool.type === 'provider' && tool.supportsDeferredResults === true,
      execution: isExecutableTool(tool) || isProviders(tool) ? 'server' : 'client',
    }
  )
}

/** @throws what the tool throws; then nothing is known about the call */
export const recoverTool = async (box: Toolbox, invocation: ToolInvocation): Promise<Recovery> => {
  const { toolName, toolCallId, input, messages, signal } = invocation
  const tool = ownTool(box, toolName)
  if (!isExecutableTool(tool) || !tool.onInterrupted) return { outcome: 'unknown' }
  const options = {
    toolCallId,
    messages: [...messages],
    abortSignal: signal,
    context: await contextOf(tool, toolName, box.contexts),
    ...toolRunOption(invocation),
  }
  const found = await tool.onInterrupted(input as never, options)
  if (found.outcome !== 'succeeded') return found
  return {
    outcome: found.outcome,
    output: asJson(found.output, `The output of the tool "${toolName}"`),
    ...(await modelOutput(tool, invocation, found.output)),
  }
}

/**
 * Preliminary outputs, then the final one.
 *
 * @throws Error with the message that the model is told; never an empty one
 */
export async function* runTool(
  box: Toolbox,
  invocation: ToolInvocation,
): AsyncGenerator<ToolUpdate, void> {
  const { toolName, toolCallId, input, messages, signal } = invocation
  const tool = ownTool(box, toolName)
  if (!isExecutableTool(tool)) {
    throw new ToolFailedError(`The tool "${toolName}" does not exist, or cannot be executed here.`)
  }
  signal.throwIfAborted()
  let output: unknown
  try {
    const options = {
      toolCallId,
      messages: [...messages],
      abortSignal: signal,
      context: await contextOf(tool, toolName, box.contexts),
      ...toolRunOption(invocation),
    }
    for await (const update of executeTool({ tool, input, options })) {
      output = update.output
      if (update.type === 'final') break
      yield { type: 'preliminary', output: asJson(output, `An output of the tool "${toolName}"`) }
    }
  } catch (thrown) {
    // The interruption of a run is not an error of the tool.
    if (signal.aborted && thrown === signal.reason) throw thrown
    throw toolError(thrown, toolName)
  }
  yield {
    type: 'final',
    output: asJson(output, `The output of the tool "${toolName}"`),
    ...(await modelOutput(tool, invocation, output)),
  }
}

/** A schema may have a default for a context that is not set. */
export const contextOf = async (
  tool: Pick<Tool, 'contextSchema'>,
  toolName: string,
  contexts: Toolbox['contexts'],
): Promise<never> => {
  const schema: FlexibleSchema<unknown> | undefined = tool.contextSchema
  const value = Object.hasOwn(contexts, toolName) ? contexts[toolName] : undefined
  if (!schema) return value as never
  const context = { field: 'tool context', entityName: toolName }
  return (await validateTypes({ value, schema, context })) as never
}

/** `toModelOutput` gets the output as the tool made it, not its JSON. */
export const modelOutput = async (
  tool: Tool,
  { toolName, toolCallId, input }: Pick<ToolInvocation, 'toolName' | 'toolCallId' | 'input'>,
  output: unknown,
): Promise<{ modelOutput?: unknown }> => {
  if (!tool.toModelOutput) return {}
  const what = `What the model is told about the output of the tool "${toolName}"`
  try {
    const told = await tool.toModelOutput({ toolCallId, input: input as never, output })
    return { modelOutput: asJson(withoutBytes(told), what) }
  } catch (thrown) {
    throw toolError(thrown, toolName)
  }
}

/** JSON has no bytes: files become base64, which providers take as well. */
const withoutBytes = (told: ToolResultOutput): ToolResultOutput => {
  if (told.type !== 'content') return told
  const value = told.value.map((part) => {
    if (part.type !== 'file' || part.data.type !== 'data') return part
    const { data } = part.data
    if (typeof data === 'string') return part
    const base64 = convertUint8ArrayToBase64(new Uint8Array(data))
    return { ...part, data: { type: 'data' as const, data: base64 } }
  })
  return { ...told, value }
}

/** Whatever a tool threw, as an error with a message for the model. */
const toolError = (thrown: unknown, toolName: string): Error => {
  if (thrown instanceof Error && thrown.message.trim() !== '') return thrown
  return new ToolFailedError(textOf(thrown) || `The tool "${toolName}" failed without a reason.`, {
    cause: thrown,
  })
}

const textOf = (thrown: unknown): string | undefined => {
  if (typeof thrown === 'string') return thrown.trim()
  if (thrown instanceof Error || thrown === null || thrown === undefined) return undefined
  try {
    return JSON.stringify(thrown)
  } catch {
    // A circular object says nothing that a model could use.
    return undefined
  }
}
