/**
 * Why the OpenAI Responses API would refuse a request, or nothing when it would not.
 *
 * The rules are those of https://developers.openai.com/api/docs/guides/function-calling,
 * https://developers.openai.com/api/docs/guides/reasoning and https://developers.openai.com/api/docs/guides/conversation-state.
 */
import type { Item, Made } from './openai.ts'
import type { Json } from './server.ts'

type Input = Json & { type?: string; id?: string; role?: string; call_id?: string }

export const findOpenAIProblem = (body: Json, made: readonly Made[]): string | undefined => {
  const input = body['input'] as Input[]
  if (!Array.isArray(input) || input.length === 0) return "Missing required parameter: 'input'."
  return (
    findDuplicate(input) ??
    findUnpaired(input) ??
    firstOf(input, (item) => checkContent(item)) ??
    firstOf(input, (item) => checkReference(item, body, made)) ??
    firstOf(input, (item, index) => checkReasoning(item, input[index + 1], body, made)) ??
    firstOf(input, (item, index) => checkBound(item, input.slice(0, index), made))
  )
}

const firstOf = (
  input: readonly Input[],
  check: (item: Input, index: number) => string | undefined,
): string | undefined => {
  for (const [index, item] of input.entries()) {
    const problem = check(item, index)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Item ids are unique within a request. */
const findDuplicate = (input: readonly Input[]): string | undefined => {
  const seen = new Set<string>()
  return firstOf(input, ({ id }) => {
    if (id === undefined) return undefined
    if (seen.has(id)) return `Duplicate item found with id ${id}. Remove duplicate items.`
    seen.add(id)
    return undefined
  })
}

/** "For each function call, append exactly one output with its call_id": function calling, handling function calls. */
const findUnpaired = (input: readonly Input[]): string | undefined => {
  const open = new Set<string>()
  const known = new Set<string>()
  const problem = firstOf(input, ({ type, call_id = '' }) => {
    if (type === 'function_call') {
      if (known.has(call_id)) return `Duplicate function call with call_id ${call_id}.`
      known.add(call_id)
      open.add(call_id)
    }
    if (type === 'function_call_output' && !open.delete(call_id))
      return `No tool call found for function call output with call_id ${call_id}.`
    return undefined
  })
  const [unanswered] = open
  return (
    problem ?? (unanswered && `No tool output found for function call ${unanswered}.`) ?? undefined
  )
}

/** Messages have content, and arguments are JSON. */
const checkContent = (item: Input): string | undefined => {
  const { type, role, content, name, call_id = '', arguments: json } = item
  if (role !== undefined && (content === '' || (Array.isArray(content) && content.length === 0)))
    return `Invalid '${role}' message: content is empty.`
  if (type !== 'function_call') return undefined
  if (!isJson(json)) return 'Invalid arguments of a function call.'
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(String(name)))
    return `Invalid name: string does not match pattern. Expected '^[a-zA-Z0-9_-]+$', got ${String(name)}.`
  return call_id.length > 64 ? 'Invalid call_id: string too long.' : undefined
}

const isJson = (text: unknown): boolean => {
  try {
    JSON.parse(String(text))
    return true
  } catch {
    return false
  }
}

/** "Items are not persisted when `store` is set to false": conversation state; only what a completed response has can be referred to. */
const checkReference = (
  { type, id = '' }: Input,
  body: Json,
  made: readonly Made[],
): string | undefined => {
  if (type !== 'item_reference') return undefined
  if (body['store'] === false) return `Item ${id} cannot be referenced: 'store' is false.`
  const owner = ownerOf(id, made)
  return owner?.stored && owner.complete
    ? undefined
    : `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false.`
}

const ownerOf = (id: string, made: readonly Made[]): Made | undefined =>
  made.find(({ items }) => items.some((item) => item.id === id))

const following = (id: string, { items }: Made): Item | undefined =>
  items[items.findIndex((item) => item.id === id) + 1]

/** Reasoning goes back with the item it led to, to the model that made it, and without storage in its encrypted form: reasoning. */
const checkReasoning = (
  { type, id = '', encrypted_content: secret, summary }: Input,
  next: Input | undefined,
  body: Json,
  made: readonly Made[],
): string | undefined => {
  const isReasoning = type === 'reasoning' || (type === 'item_reference' && id.startsWith('rs_'))
  if (!isReasoning) return undefined
  const owner = ownerOf(id, made)
  if (type === 'reasoning' && secret !== `secret of ${id}`)
    return `The encrypted content for item ${id} could not be verified.`
  if (type === 'reasoning' && !Array.isArray(summary)) return `Item ${id} lacks its summary.`
  if (!owner) return `Item with id '${id}' not found.`
  if (!/^(?:o\d|gpt-5)/.test(String(body['model'])))
    return 'Reasoning input items can only be provided to a reasoning or computer use model.'
  if (owner.model !== body['model'])
    return `The encrypted content for item ${id} could not be decrypted by this model.`
  const required = following(id, owner)
  return required && owner.complete && isSame(next, required)
    ? undefined
    : `Item '${id}' of type 'reasoning' was provided without its required following item.`
}

/** What a reasoning led to is named only together with it. */
const checkBound = (
  { id = '', role }: Input,
  before: readonly Input[],
  made: readonly Made[],
): string | undefined => {
  const items = role ? undefined : ownerOf(id, made)?.items
  const previous = items?.[items.findIndex((item) => item.id === id) - 1]
  if (previous?.type !== 'reasoning' || before.some((item) => item.id === previous.id))
    return undefined
  return `Item '${id}' was provided without its required 'reasoning' item: '${previous.id}'.`
}

const isSame = (item: Input | undefined, required: Item): boolean => {
  if (!item) return false
  if (item.id !== undefined) return item.id === required.id
  if (required.type === 'function_call') return item.call_id === required['call_id']
  if (required.type !== 'message' || item.role !== 'assistant') return false
  const [content] = required['content'] as { text: string }[]
  return item['content'] === content?.text
}
