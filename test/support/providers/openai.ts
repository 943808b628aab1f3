/** The OpenAI Responses API, as a stream of its events. */
import { findOpenAIProblem } from './openai-rules.ts'
import type { Json, Wire } from './server.ts'
import { type EndReason, type Halt, isHalt, jsonOf, pieces, type Word } from './words.ts'

/** An output item, with what has to come right after it where the response had something there. */
export type Item = Json & { id: string; type: string }

/** What a response consisted of. Items can be referred to when it was stored and is complete. */
export type Made = {
  readonly model: string
  readonly items: readonly Item[]
  readonly stored: boolean
  readonly complete: boolean
}

export const openaiWire = (): Wire => {
  const made: Made[] = []
  let count = 0
  const id = (prefix: string) => `${prefix}_${(++count).toString(16).padStart(8, '0')}`
  return {
    path: /^\/v1\/responses$/,
    check: (body) => findOpenAIProblem(body, made),
    refusal: (message) => ({
      error: { message, type: 'invalid_request_error', param: 'input', code: null },
    }),
    *speak(answer, body) {
      const response = {
        id: id('resp'),
        object: 'response',
        created_at: 1_790_000_000,
        // A name stands for its newest version.
        model: `${String(body['model'])}-2026-08-07`,
        status: 'in_progress',
        output: [],
      }
      yield frame('response.created', { response })
      yield frame('response.in_progress', { response })
      const items: Item[] = []
      for (const word of answer) {
        if (isHalt(word)) return yield word
        if (word.say === 'error') {
          yield `data: ${JSON.stringify(word.frame)}\n\n`
          continue
        }
        if (word.say === 'end') {
          const complete = word.reason === 'stop' || word.reason === 'calls'
          const model = String(body['model'])
          made.push({ model, items, stored: body['store'] !== false, complete })
          yield ending(word.reason, { ...response, output: items })
          continue
        }
        yield* speakItem(word, items, body, id)
      }
    },
  }
}

const frame = (type: string, rest: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`

const USAGE = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 2 },
}

const ending = (reason: EndReason, response: object): string =>
  reason === 'stop' || reason === 'calls'
    ? frame('response.completed', { response: { ...response, status: 'completed', usage: USAGE } })
    : frame('response.incomplete', {
        response: {
          ...response,
          status: 'incomplete',
          usage: USAGE,
          incomplete_details: {
            reason: reason === 'length' ? 'max_output_tokens' : 'content_filter',
          },
        },
      })

function* speakItem(
  word: Word,
  items: Item[],
  body: Json,
  id: (prefix: string) => string,
): Generator<string | Halt> {
  const output_index = items.length
  const item = itemOf(word, id)
  if (!item) throw new Error(`This API has no way to say ${word.say}.`)
  const event = (type: string, rest: object) =>
    frame(`response.${type}`, { item_id: item.id, output_index, ...rest })
  // With an encrypted content only where it was asked for, as the service does.
  const include = (body['include'] ?? []) as string[]
  const secret = include.includes('reasoning.encrypted_content') ? `secret of ${item.id}` : null
  const whole: Item = item.type === 'reasoning' ? { ...item, encrypted_content: secret } : item
  yield frame('response.output_item.added', { output_index, item: beginning(item) })
  yield* growing(word, event)
  if ('open' in word && word.open) return
  items.push(whole)
  yield frame('response.output_item.done', { output_index, item: whole })
}

const itemOf = (word: Word, id: (prefix: string) => string): Item | undefined => {
  switch (word.say) {
    case 'think':
      return {
        type: 'reasoning',
        id: id('rs'),
        summary: [{ type: 'summary_text', text: word.text }],
      }
    case 'text':
      return {
        type: 'message',
        id: id('msg'),
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: word.text, annotations: [] }],
      }
    case 'call':
      return {
        type: 'function_call',
        id: id('fc'),
        call_id: word.id ?? id('call'),
        name: word.name,
        arguments: jsonOf(word.input),
        status: 'completed',
      }
    case 'search':
      return {
        type: 'web_search_call',
        id: id('ws'),
        status: 'completed',
        action: { type: 'search', query: word.query },
      }
    case 'image':
      return { type: 'image_generation_call', id: id('ig'), status: 'completed', result: word.data }
    default:
      return undefined
  }
}

const beginning = (item: Item): Json => {
  switch (item.type) {
    case 'function_call':
      return { ...item, arguments: '', status: 'in_progress' }
    case 'message':
      return { ...item, content: [], status: 'in_progress' }
    case 'reasoning':
      return { ...item, summary: [] }
    case 'image_generation_call':
      return { type: item.type, id: item.id, status: 'in_progress' }
    default:
      return { type: item.type, id: item.id, status: 'in_progress' }
  }
}

function* growing(
  word: Word,
  event: (type: string, rest: object) => string,
): Generator<string | Halt> {
  const open = 'open' in word && word.open === true
  if (word.say === 'think') {
    const summary_index = 0
    yield event('reasoning_summary_part.added', { summary_index })
    for (const delta of pieces(word.text))
      yield event('reasoning_summary_text.delta', { summary_index, delta })
    if (!open) yield event('reasoning_summary_part.done', { summary_index })
  } else if (word.say === 'text') {
    yield event('content_part.added', { content_index: 0 })
    for (const delta of pieces(word.text))
      yield event('output_text.delta', { content_index: 0, delta })
    if (!open) yield event('output_text.done', { content_index: 0, text: word.text })
  } else if (word.say === 'call') {
    const [first = '', ...rest] = pieces(jsonOf(word.input))
    yield event('function_call_arguments.delta', { delta: first })
    if (open) return
    for (const delta of rest) yield event('function_call_arguments.delta', { delta })
    yield event('function_call_arguments.done', { arguments: jsonOf(word.input) })
  } else if (word.say === 'search') {
    yield event('web_search_call.in_progress', {})
    yield event('web_search_call.searching', {})
    if (word.result) yield event('web_search_call.completed', {})
  }
}
