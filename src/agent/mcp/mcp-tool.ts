/** A tool of an MCP server as a tool of the AI SDK. */
import { dynamicTool, jsonSchema, type ToolExecutionOptions } from '@ai-sdk/provider-utils'
import { ToolFailedError } from '../../domain/errors.ts'
import { cleanText } from '../../domain/text.ts'
import type { OutlastTool } from '../agent-options.ts'
import type { McpConnection } from './connection.ts'
import type { ServerTool } from './link.ts'
import type { McpServer } from './options.ts'
import { modelOutputOf, outputOf } from './tool-output.ts'
import { modelSchema } from './tool-schema.ts'

export type McpToolPlace = {
  /** As models know it. */
  readonly name: string
  readonly server: McpServer
  readonly connection: McpConnection
}

/** What a server says of a tool goes into every request: it has to be short. */
const MAX_DESCRIPTION = 4_096
const MAX_TITLE = 120

/** @returns undefined when no model could be given it */
export const mcpTool = (
  definition: ServerTool,
  { name, server, connection }: McpToolPlace,
): OutlastTool | undefined => {
  const { title = definition.annotations?.title, description, annotations } = definition
  const inputSchema = modelSchema(definition.inputSchema)
  if (!inputSchema) return undefined
  const { readOnlyHint, idempotentHint } = annotations ?? {}
  return {
    ...dynamicTool({
      ...(title === undefined ? {} : { title: short(title, MAX_TITLE) }),
      ...(description === undefined ? {} : { description: short(description, MAX_DESCRIPTION) }),
      inputSchema: jsonSchema(inputSchema),
      execute: async (input, { abortSignal }) => {
        using time = limitedTime(name, server.timeoutMs, abortSignal)
        try {
          const found = await connection.call(definition.name, argumentsOf(input), time.signal)
          return outputOf(found, name)
        } catch (thrown) {
          throw time.ended() ?? thrown
        }
      },
      toModelOutput: ({ output }) => modelOutputOf(output as object),
    }),
    idempotent:
      server.trustAnnotations === true && (readOnlyHint === true || idempotentHint === true),
  }
}

const short = (text: string, most: number): string => cleanText(text.slice(0, most))

/** A model may say null where there is nothing to say. */
const argumentsOf = (input: unknown): Record<string, unknown> => {
  if (typeof input === 'object' && input !== null && !Array.isArray(input))
    return input as Record<string, unknown>
  if (input === null || input === undefined) return {}
  throw new ToolFailedError('The input of this tool is an object.')
}

type LimitedTime = Disposable & {
  readonly signal: AbortSignal
  /** Why it is over, for the model; undefined when it is not, or for another reason. */
  ended(): ToolFailedError | undefined
}

const limitedTime = (
  name: string,
  timeoutMs: number | undefined,
  outer: AbortSignal = new AbortController().signal,
): LimitedTime => {
  const late = new AbortController()
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(), timeoutMs)
  const isLate = () => late.signal.aborted && !outer.aborted
  return {
    signal: AbortSignal.any([outer, late.signal]),
    ended: () =>
      isLate()
        ? new ToolFailedError(
            `The tool "${name}" did not answer within ${timeoutMs! / 1000} s: whether the call took effect is unknown.`,
          )
        : undefined,
    [Symbol.dispose]: () => clearTimeout(timer),
  }
}

/**
 * For a call that a model made when its server was there: the server may be back when it is executed.
 *
 * @param find - looks for the tool once more
 */
export const absentTool = (
  find: () => Promise<OutlastTool | undefined>,
  name: string,
): OutlastTool => ({
  ...dynamicTool({
    inputSchema: jsonSchema({ type: 'object' }),
    execute: async (input, options) => {
      const tool = await find()
      if (!tool?.execute) {
        throw new ToolFailedError(
          `The tool "${name}" is not there at the moment: its MCP server is down, or does not have it any more. The call was not made.`,
        )
      }
      return (await tool.execute(input, options as ToolExecutionOptions<never>)) as object
    },
    toModelOutput: ({ output }) => modelOutputOf(output as object),
  }),
})
