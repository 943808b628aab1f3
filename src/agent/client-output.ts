/** Outputs of tools that clients execute: taken only when they are what the tool says that it gives. */
import { asSchema, safeValidateTypes } from '@ai-sdk/provider-utils'
import { coerceError, InvalidRequestError } from '../domain/errors.ts'
import type { ToolInvocation } from '../engine/ports.ts'
import { firstIssue } from './first-issue.ts'
import { modelOutput, ownTool, type Tools } from './run-tool.ts'
import { asJson } from './tool-run.ts'

type Call = Pick<ToolInvocation, 'toolName' | 'toolCallId' | 'input'>

/** @throws InvalidRequestError when the output does not fit the tool's `outputSchema` */
export const clientOutput = async (
  tools: Tools,
  call: Call,
  given: unknown,
): Promise<{ output: unknown; modelOutput?: unknown }> => {
  const { toolName } = call
  const tool = ownTool({ tools }, toolName)
  if (!tool) throw new InvalidRequestError(`There is no tool named ${toolName} any more.`)
  const output = await fitting(tool.outputSchema, toolName, given)
  try {
    return { output: asJson(output, 'An output'), ...(await modelOutput(tool, call, output)) }
  } catch (cause) {
    throw new InvalidRequestError(
      `The output of the tool ${toolName} cannot be told to the model: ${coerceError(cause).message}`,
      { cause },
    )
  }
}

const fitting = async (
  schema: Parameters<typeof asSchema>[0] | undefined,
  toolName: string,
  value: unknown,
): Promise<unknown> => {
  if (!schema) return value
  const checked = await safeValidateTypes({ value, schema: asSchema(schema) })
  if (checked.success) return checked.value
  const { path, message } = firstIssue(checked.error.cause)
  const where = path === '' ? '' : ` at ${path}`
  throw new InvalidRequestError(
    `The output of the tool ${toolName} does not fit its outputSchema${where}${message ? `: ${message}` : ''}.`,
    { cause: checked.error },
  )
}
