/** An OpenAI-compatible chat completions API, as a stream of its chunks. */
import { type ChatMessage, findMessageProblem } from '../strict-messages.ts'
import type { Wire } from './server.ts'
import { type EndReason, isHalt, jsonOf, pieces, type Word } from './words.ts'

const FINISH_REASONS: Record<EndReason, string> = {
  stop: 'stop',
  calls: 'tool_calls',
  length: 'length',
  refusal: 'content_filter',
}

export const chatWire = (): Wire => {
  let count = 0
  return {
    path: /^\/v1\/chat\/completions$/,
    check: ({ messages }) => findMessageProblem(messages as ChatMessage[]),
    refusal: (message) => ({ error: { message, type: 'invalid_request_error', code: null } }),
    *speak(answer, body) {
      const envelope = {
        id: `chatcmpl-${++count}`,
        object: 'chat.completion.chunk',
        created: 1_790_000_000,
        model: body['model'],
      }
      const send = (delta: object, reason: string | null = null) => {
        const choices = [{ index: 0, delta, finish_reason: reason }]
        return `data: ${JSON.stringify({ ...envelope, choices })}\n\n`
      }
      let calls = 0
      for (const word of answer) {
        if (isHalt(word)) return yield word
        if (word.say === 'error') yield `data: ${JSON.stringify(word.frame)}\n\n`
        else if (word.say === 'end') yield send({}, FINISH_REASONS[word.reason])
        else if (word.say === 'call') {
          const id = word.id ?? `call_${++count}`
          for (const delta of callDeltas(word, calls++, id)) yield send(delta)
        } else for (const delta of textDeltas(word)) yield send(delta)
      }
      yield 'data: [DONE]\n\n'
    },
  }
}

const textDeltas = (word: Word): object[] => {
  if (word.say === 'text') return pieces(word.text).map((content) => ({ content }))
  if (word.say !== 'think') throw new Error(`This API has no way to say ${word.say}.`)
  return pieces(word.text).map((content) => ({ reasoning_content: content }))
}

const callDeltas = (word: Extract<Word, { say: 'call' }>, index: number, id: string): object[] => {
  const call = (rest: object) => ({ tool_calls: [{ index, ...rest }] })
  const [first = '', ...rest] = pieces(jsonOf(word.input))
  const head = call({ id, type: 'function', function: { name: word.name, arguments: first } })
  if (word.open) return [head]
  return [head, ...rest.map((json) => call({ function: { arguments: json } }))]
}
