/** Says why a strict provider would refuse a list of chat messages, or nothing when it would not. */

export type ChatMessage = {
  role: string
  content?: unknown
  reasoning_content?: string
  tool_calls?: Array<{ id: string; function: { name: string; arguments: string } }>
  tool_call_id?: string
}

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool'])

export const findMessageProblem = (messages: readonly ChatMessage[]): string | undefined => {
  if (messages.length === 0) return 'messages is empty.'
  /** Calls of the last assistant message that still want their tool message. */
  const open = new Set<string>()
  for (const [index, message] of messages.entries()) {
    const problem =
      message.role === 'tool' ? checkToolMessage(message, open) : checkMessage(message, open)
    if (problem !== undefined) return `messages[${index}]: ${problem}`
  }
  if (open.size > 0) return unanswered(open)
  return undefined
}

const checkToolMessage = (message: ChatMessage, open: Set<string>): string | undefined => {
  const id = message.tool_call_id ?? ''
  if (!open.delete(id)) return `the tool message "${id}" answers no open tool call right before it.`
  return undefined
}

const checkMessage = (message: ChatMessage, open: Set<string>): string | undefined => {
  if (!ROLES.has(message.role)) return `the role "${message.role}" is unknown.`
  if (open.size > 0) return unanswered(open)
  if (message.role !== 'assistant') {
    return isEmpty(message.content) ? `the ${message.role} message is empty.` : undefined
  }
  if (message.tool_calls === undefined) {
    return isEmpty(message.content)
      ? 'the assistant message has no content and no tool calls.'
      : undefined
  }
  if (message.tool_calls.length === 0) return 'tool_calls is an empty array.'
  for (const call of message.tool_calls) {
    if (!call.id || open.has(call.id))
      return `the tool call id "${call.id}" is empty or not unique.`
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(call.function.name)) {
      return `the name of the tool call "${call.id}" does not match '^[a-zA-Z0-9_-]+$'.`
    }
    if (!isJson(call.function.arguments)) {
      return `the arguments of the tool call "${call.id}" are not valid JSON.`
    }
    open.add(call.id)
  }
  return undefined
}

const unanswered = (open: ReadonlySet<string>): string =>
  `each tool call must be followed by its tool message; missing: ${[...open].join(', ')}.`

const isEmpty = (content: unknown): boolean =>
  typeof content === 'string'
    ? content.trim() === ''
    : !Array.isArray(content) || content.length === 0

const isJson = (json: string): boolean => {
  try {
    JSON.parse(json)
    return true
  } catch {
    return false
  }
}
