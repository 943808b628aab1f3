/** Where Anthropic may not think: an answer that goes on after its tools has to begin with the thought that it began with. */
import type { ModelMessage } from 'ai'
import type { ModelCallOptions } from '../model-call.ts'

/**
 * The call without thinking where the tools that it goes on after were called without a thought of Anthropic's: by
 * another model, before the agent got this one. Everywhere else the call as it is.
 */
export const withAllowedThinking = (call: ModelCallOptions): ModelCallOptions => {
  const { thinking } = (call.providerOptions?.['anthropic'] ?? {}) as { thinking?: Thinking }
  const thinks = thinking !== undefined && thinking.type !== 'disabled'
  if (!thinks || !call.model.provider.startsWith('anthropic')) return call
  if (call.messages.at(-1)?.role !== 'tool' || beginsWithThought(call.messages)) return call
  const { providerOptions } = call
  const anthropic = { ...providerOptions?.['anthropic'], thinking: { type: 'disabled' } }
  return { ...call, providerOptions: { ...providerOptions, anthropic } }
}

type Thinking = { readonly type?: string }

const beginsWithThought = (messages: readonly ModelMessage[]): boolean => {
  const content = messages.findLast(({ role }) => role === 'assistant')?.content
  // Custom parts are notes of the provider's package, and no blocks of the answer.
  const first = Array.isArray(content) ? content.find(({ type }) => type !== 'custom') : undefined
  if (first?.type !== 'reasoning') return false
  const { signature, redactedData } = (first.providerOptions?.['anthropic'] ?? {}) as {
    signature?: unknown
    redactedData?: unknown
  }
  return signature !== undefined || redactedData !== undefined
}
