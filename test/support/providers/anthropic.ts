/** The Anthropic Messages API, as a stream of its events. */
import { prefixBefore, findAnthropicProblem, type Block } from './anthropic-rules.ts'
import type { Json, Wire } from './server.ts'
import { type EndReason, type Halt, isHalt, jsonOf, pieces, type Word } from './words.ts'

/** What a signature stands for: the thought, and everything that was said before it. */
export type Signed = { readonly thought: string; readonly prefix: string; readonly model: string }

/** What the service remembers about its answers, in the signatures and encrypted contents that it hands out. */
export type Issued = { readonly signatures: Map<string, Signed>; readonly results: Set<string> }

const STOP_REASONS: Record<EndReason, string> = {
  stop: 'end_turn',
  calls: 'tool_use',
  length: 'max_tokens',
  refusal: 'refusal',
}

export const anthropicWire = (): Wire => {
  const issued: Issued = { signatures: new Map(), results: new Set() }
  let count = 0
  const id = (prefix: string) => `${prefix}_${String(++count).padStart(6, '0')}`
  return {
    path: /^\/v1\/messages$/,
    check: (body) => findAnthropicProblem(body, issued),
    refusal: (message) => ({
      type: 'error',
      error: { type: 'invalid_request_error', message },
      request_id: id('req'),
    }),
    *speak(answer, body) {
      const model = String(body['model'])
      const usage = { input_tokens: 20, cache_read_input_tokens: 4, output_tokens: 1 }
      yield frame('message_start', {
        message: {
          id: id('msg'),
          type: 'message',
          role: 'assistant',
          model: `${model}-20260807`,
          content: [],
          stop_reason: null,
          usage,
        },
      })
      yield frame('ping', {})
      const blocks: Block[] = []
      for (const word of answer) {
        if (isHalt(word)) return yield word
        if (word.say === 'error') {
          yield frame('error', word.frame as object)
        } else if (word.say === 'end') {
          const delta = { stop_reason: stopReason(word.reason, blocks), stop_sequence: null }
          yield frame('message_delta', { delta, usage: { output_tokens: 10 } })
          yield frame('message_stop', {})
        } else {
          for (const block of blocksOf(word, { body, blocks, issued, id })) {
            yield* speakBlock(block, blocks.length, 'open' in word && word.open === true)
            blocks.push(block)
          }
        }
      }
    },
  }
}

/** An answer that waits for the result of a server tool pauses. */
const stopReason = (reason: EndReason, blocks: readonly Block[]): string =>
  reason === 'stop' && blocks.at(-1)?.type === 'server_tool_use'
    ? 'pause_turn'
    : STOP_REASONS[reason]

const frame = (type: string, rest: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`

type Speaking = {
  readonly body: Json
  readonly blocks: readonly Block[]
  readonly issued: Issued
  readonly id: (prefix: string) => string
}

const blocksOf = (word: Word, speaking: Speaking): Block[] => {
  const { body, blocks, issued, id } = speaking
  switch (word.say) {
    case 'think': {
      const signature = `${id('sig')}==`
      const prefix = prefixBefore(body, blocks)
      const model = String(body['model'])
      issued.signatures.set(signature, { thought: word.text, prefix, model })
      return [{ type: 'thinking', thinking: word.text, signature }]
    }
    case 'text':
      return [{ type: 'text', text: word.text }]
    case 'call': {
      const use = { type: 'tool_use', id: word.id ?? id('toolu'), name: word.name }
      return [{ ...use, input: jsonOf(word.input) }]
    }
    case 'search': {
      const use = { type: 'server_tool_use', id: id('srvtoolu'), name: 'web_search' }
      const block = { ...use, input: jsonOf({ query: word.query }) }
      return word.result ? [block, resultOf(use.id, speaking)] : [block]
    }
    case 'found':
      return [resultOf(openSearch(body), speaking)]
    default:
      throw new Error(`This API has no way to say ${word.say}.`)
  }
}

const resultOf = (useId: string, { issued, id }: Speaking): Block => {
  const secret = `${id('result')}==`
  issued.results.add(secret)
  const result = { type: 'web_search_result', url: 'https://example.com/', title: 'Page' }
  return {
    type: 'web_search_tool_result',
    tool_use_id: useId,
    content: [{ ...result, encrypted_content: secret, page_age: null }],
  }
}

const openSearch = ({ messages }: Json): string => {
  const blocks = (messages as { content: Block[] }[]).flatMap(({ content }) => content)
  const open = blocks.filter(
    (block) =>
      block.type === 'server_tool_use' && !blocks.some((other) => other.tool_use_id === block.id),
  )
  return open.at(-1)?.id ?? 'none'
}

function* speakBlock(block: Block, index: number, open: boolean): Generator<string | Halt> {
  const delta = (type: string, rest: object) =>
    frame('content_block_delta', { index, delta: { type, ...rest } })
  yield frame('content_block_start', { index, content_block: beginning(block) })
  if (block.type === 'thinking') {
    for (const thinking of pieces(block.thinking ?? '')) yield delta('thinking_delta', { thinking })
    if (!open) yield delta('signature_delta', { signature: block.signature })
  } else if (block.type === 'text') {
    for (const text of pieces(block.text ?? '')) yield delta('text_delta', { text })
  } else if (typeof block.input === 'string') {
    const [first = '', ...rest] = pieces(block.input)
    yield delta('input_json_delta', { partial_json: first })
    if (open) return
    for (const json of rest) yield delta('input_json_delta', { partial_json: json })
  }
  if (!open) yield frame('content_block_stop', { index })
}

const beginning = (block: Block): Block => {
  if (block.type === 'thinking') return { type: 'thinking', thinking: '', signature: '' }
  if (block.type === 'text') return { type: 'text', text: '' }
  return typeof block.input === 'string' ? { ...block, input: {} } : block
}
