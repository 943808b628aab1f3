/**
 * Why the Anthropic Messages API would refuse a request, or nothing when it would not.
 *
 * The rules are those of https://platform.claude.com/docs/en/api/messages, and of
 * /docs/en/agents-and-tools/tool-use/implement-tool-use, /docs/en/build-with-claude/extended-thinking,
 * /docs/en/build-with-claude/preserved-thinking and /docs/en/agents-and-tools/tool-use/web-search-tool there.
 */
import type { Issued } from './anthropic.ts'
import type { Json } from './server.ts'

export type Block = Json & {
  type: string
  id?: string
  tool_use_id?: string
  text?: string
  thinking?: string
  signature?: string
  input?: unknown
}
export type Message = { role: string; content: Block[] }

export const findAnthropicProblem = (body: Json, issued: Issued): string | undefined => {
  const messages = body['messages'] as Message[]
  if (!Array.isArray(messages) || messages.length === 0)
    return 'messages: at least one message is required'
  if (typeof body['max_tokens'] !== 'number') return 'max_tokens: Field required'
  return (
    checkRoles(messages) ??
    firstOf(messages, checkBlocks) ??
    checkIds(messages) ??
    firstOf(messages, (message, index) => checkResults(message, messages[index + 1])) ??
    checkServerTools(messages, issued) ??
    checkThinking(messages, body, issued) ??
    checkContinuedThinking(messages, body) ??
    checkBreakpoints(body)
  )
}

const firstOf = (
  messages: readonly Message[],
  check: (message: Message, index: number) => string | undefined,
): string | undefined => {
  for (const [index, message] of messages.entries()) {
    const problem = check(message, index)
    if (problem !== undefined) return `messages.${index}: ${problem}`
  }
  return undefined
}

/** Messages: user and assistant take turns, the user begins. */
const checkRoles = (messages: readonly Message[]): string | undefined =>
  firstOf(messages, ({ role }, index) =>
    role === (index % 2 === 0 ? 'user' : 'assistant')
      ? undefined
      : 'roles must alternate between "user" and "assistant"',
  )

/** Messages: content is not empty, and the last assistant message does not end in white space. */
const checkBlocks = ({ role, content }: Message): string | undefined => {
  if (content.length === 0) return 'all messages must have non-empty content'
  const blank = content.some(({ type, text = '' }) => type === 'text' && text.trim() === '')
  if (blank) return 'text content blocks must contain non-whitespace text'
  const calls = content.filter(({ type }) => type === 'tool_use' || type === 'server_tool_use')
  const isWord = (word: unknown) => /^[a-zA-Z0-9_-]{1,128}$/.test(String(word))
  if (calls.some(({ id, name }) => !isWord(id) || !isWord(name)))
    return "tool_use: id and name should match pattern '^[a-zA-Z0-9_-]+$'"
  if (calls.some(({ input }) => typeof input !== 'object' || input === null))
    return 'tool_use.input: Input should be an object'
  return role === 'user' && calls.length > 0 ? 'tool_use blocks are for assistants' : undefined
}

/** Tool use: ids are unique. */
const checkIds = (messages: readonly Message[]): string | undefined => {
  const seen = new Set<string>()
  return firstOf(messages, ({ content }) => {
    for (const { id } of content) {
      if (id !== undefined && seen.has(id)) return `tool_use ids must be unique: ${id}`
      if (id !== undefined) seen.add(id)
    }
    return undefined
  })
}

/** Tool use: the next user message begins with one result for each call, and has results for those only. */
const checkResults = (message: Message, next: Message | undefined): string | undefined => {
  if (message.role === 'user') return undefined
  const calls = message.content.filter(({ type }) => type === 'tool_use').map(({ id }) => id)
  const results = (next?.content ?? []).filter(({ type }) => type === 'tool_result')
  const answered = results.map(({ tool_use_id: id }) => id)
  if (results.some((result, index) => next?.content[index] !== result))
    return 'tool_result blocks must come first in the content'
  const open = calls.find((id) => answered.filter((other) => other === id).length !== 1)
  if (open !== undefined)
    return `\`tool_use\` ids were found without one \`tool_result\` block immediately after: ${open}`
  const orphan = answered.find((id) => !calls.includes(id))
  return orphan && `unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${orphan}`
}

/** Server tools: a use and its result go together, and results come back unchanged. Only a paused turn may end in a use. */
const checkServerTools = (messages: readonly Message[], issued: Issued): string | undefined => {
  const open = new Set<string>()
  const last = messages.at(-1)
  const problem = firstOf(messages, (message, index) => {
    const isTurn = message.role === 'user' && message.content.some(({ type }) => type === 'text')
    if (isTurn && index > 0 && open.size > 0) return unanswered(open)
    for (const { type, id = '', tool_use_id: useId = '', content } of message.content) {
      if (type === 'server_tool_use') open.add(id)
      if (!type.endsWith('_tool_result') || type === 'tool_result') continue
      if (!open.delete(useId)) return `unexpected ${type} for ${useId}`
      const secrets = Array.isArray(content) ? (content as Json[]) : []
      if (secrets.some(({ encrypted_content: it }) => !issued.results.has(String(it))))
        return 'Invalid `encrypted_content` in `web_search_tool_result` block'
    }
    return undefined
  })
  if (problem !== undefined) return problem
  const goesOn = last?.role === 'assistant' || last?.content[0]?.type === 'tool_result'
  return open.size > 0 && !goesOn ? unanswered(open) : undefined
}

const unanswered = (open: ReadonlySet<string>): string =>
  `\`web_search\` tool use with id \`${[...open].join()}\` was found without a corresponding \`web_search_tool_result\` block`

/** Preserved thinking: a thought comes back unchanged, to a model that can read it, with the same things said before it. */
const checkThinking = (
  messages: readonly Message[],
  body: Json,
  { signatures }: Issued,
): string | undefined =>
  firstOf(messages, ({ content }, index) => {
    for (const [at, { type, thinking, signature = '' }] of content.entries()) {
      if (type !== 'thinking') continue
      const signed = signatures.get(signature)
      if (!signed || signed.thought !== thinking || signed.model !== body['model'])
        return `content.${at}: Invalid \`signature\` in \`thinking\` block`
      const before = { ...body, messages: messages.slice(0, index) }
      if (prefixBefore(before, content.slice(0, at)) !== signed.prefix)
        return `content.${at}: Invalid \`signature\`: the block is bound to a different conversation`
    }
    return undefined
  })

/** Everything that comes before a block, without cache markers, which do not count. */
export const prefixBefore = (body: Json, blocks: readonly Block[]): string => {
  const messages = body['messages'] as Message[]
  const said = messages.flatMap(({ role, content }) => content.map((block) => ({ role, block })))
  const own = blocks.map((block) => ({ role: 'assistant', block: parsed(block) }))
  const prefix = [body['system'] ?? [], body['tools'] ?? [], [...said, ...own]]
  return JSON.stringify(prefix, (key, value: unknown) =>
    key === 'cache_control' ? undefined : sorted(value),
  )
}

/** The order of keys does not count. */
const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value

const parsed = (block: Block): Block => {
  if (typeof block.input !== 'string') return block
  const { input, ...rest } = block
  return { ...rest, input: JSON.parse(input) as unknown }
}

/** Extended thinking: "a final assistant message must start with a thinking block" while tools are being used. */
const checkContinuedThinking = (messages: readonly Message[], body: Json): string | undefined => {
  const { type } = (body['thinking'] ?? {}) as { type?: string }
  if (type !== 'enabled' && type !== 'adaptive') return undefined
  if (messages.at(-1)?.content[0]?.type !== 'tool_result') return undefined
  const first = messages.at(-2)?.content[0]?.type ?? ''
  return first.endsWith('thinking')
    ? undefined
    : `messages.${messages.length - 2}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${first}\``
}

/** Prompt caching: at most four breakpoints. */
const checkBreakpoints = (body: Json): string | undefined => {
  const count = JSON.stringify(body).split('"cache_control":{').length - 1
  return count > 4
    ? `A maximum of 4 blocks with cache_control may be provided. Found ${count}.`
    : undefined
}
