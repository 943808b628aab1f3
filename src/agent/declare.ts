/** What a tool may declare about its calls, for the case that nobody has seen their end. */
import type { InferToolInput, Tool, ToolExecutionOptions } from '@ai-sdk/provider-utils'
import type { ToolRecoveryResult } from './define-agent.ts'

/**
 * Declares that executing the tool twice with one idempotency key is the same as executing it once: it only looks, or the
 * other side honours the key. The engine executes it again when it does not know whether it ran.
 *
 * @example idempotent(tool({ inputSchema, execute: ({ path }) => read(path) }))
 */
export const idempotent = <TOOL extends object>(tool: TOOL): TOOL & { idempotent: true } => ({
  ...tool,
  idempotent: true,
})

/**
 * Declares how to find out what became of a call that was started before its process died. It is asked in place of
 * `execute`, with the same options: `toolRun(options).idempotencyKey` is the key of the call.
 *
 * @example recoverable(tool({ inputSchema, execute: pay }), async (input, options) => ({ outcome: 'unknown' }))
 */
export const recoverable = <TOOL extends Tool>(
  tool: TOOL,
  onInterrupted: (
    input: InferToolInput<TOOL>,
    options: ToolExecutionOptions<never>,
  ) => ToolRecoveryResult | PromiseLike<ToolRecoveryResult>,
) => ({ ...tool, onInterrupted })
