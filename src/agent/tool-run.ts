/** What a tool may know of the run that executes it, and how it writes `data-*` parts into the answer. */
import type { ToolExecutionOptions } from '@ai-sdk/provider-utils'
import { ToolFailedError } from '../domain/errors.ts'
import { cleanJson } from '../domain/text.ts'
import type { ToolInvocation } from '../engine/ports.ts'

/** A part for the answer. One with an `id` replaces an earlier one with the same type and id. */
export type ToolData = {
  readonly type: `data-${string}`
  readonly id?: string | undefined
  /** Anything that JSON can express. */
  readonly data: unknown
  /** Sent to those who watch, and not kept. */
  readonly transient?: boolean | undefined
}

export type ToolRun = {
  readonly runId: string
  readonly chatId: string
  readonly stepIndex: number
  readonly toolCallId: string
  /** The same in every attempt at this call: give it to services that remember what they have done. */
  readonly idempotencyKey: string
  /** Aborts when the run is stopped or the tool has taken too long. */
  readonly signal: AbortSignal
  /** @throws ToolFailedError when the part is not one of a message */
  readonly write: (part: ToolData) => void
}

// Registered: a configuration file may load another copy of this package.
const TOOL_RUN = Symbol.for('outlast.tool-run')

/**
 * The run that a tool is part of.
 *
 * @param options - the second argument of the tool's `execute`
 * @example
 * execute: async ({ order }, options) => {
 *   const { idempotencyKey, write } = toolRun(options)
 *   write({ type: 'data-progress', id: order, data: { percent: 50 } })
 *   return cancelOrder(order, { idempotencyKey })
 * }
 * @throws ToolFailedError when Outlast does not execute the tool
 */
export const toolRun = (options: Pick<ToolExecutionOptions<unknown>, 'toolCallId'>): ToolRun => {
  const run = (options as { [TOOL_RUN]?: ToolRun })[TOOL_RUN]
  if (!run) {
    throw new ToolFailedError(
      'toolRun(options) works only in a tool that an Outlast run executes, with the options that execute was given.',
    )
  }
  return run
}

/** The property that carries the run in a tool's options; a copy of the options has it too. */
export const toolRunOption = (invocation: ToolInvocation): object => {
  const { runId, chatId, stepIndex, toolCallId, idempotencyKey, signal } = invocation
  const write = (part: ToolData) => invocation.write(checkedPart(part))
  const run: ToolRun = { runId, chatId, stepIndex, toolCallId, idempotencyKey, signal, write }
  return { [TOOL_RUN]: Object.freeze(run) }
}

const TYPE = /^data-[^\s\p{Cc}\p{Cs}]{1,120}$/u

const checkedPart = (part: ToolData): Parameters<ToolInvocation['write']>[0] => {
  const { type, id, data, transient } = part
  if (typeof type !== 'string' || !TYPE.test(type)) {
    throw new ToolFailedError(
      `The type of a part that a tool writes is "data-" and a name, such as "data-progress"; it is ${JSON.stringify(type)}.`,
    )
  }
  if (id !== undefined && (typeof id !== 'string' || id === '')) {
    throw new ToolFailedError(`The id of the part "${type}" is a text that is not empty.`)
  }
  return {
    type,
    data: asJson(data, `The data of the part "${type}"`),
    ...(id === undefined ? {} : { id }),
    ...(transient === true ? { transient } : {}),
  }
}

/** A copy as JSON has it; what JSON leaves out becomes null. */
export const asJson = (value: unknown, what: string): unknown => {
  try {
    return cleanJson(value)
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new ToolFailedError(`${what} cannot be expressed in JSON: ${reason}`, { cause })
  }
}
