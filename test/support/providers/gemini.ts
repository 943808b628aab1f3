/** The Gemini API's streamGenerateContent, as a stream of its responses. */
import { findGeminiProblem, type Part } from './gemini-rules.ts'
import type { Wire } from './server.ts'
import { type EndReason, isHalt, jsonOf, pieces, type Word } from './words.ts'

/** What a thought signature was attached to, and by which model. */
export type Signed = { readonly part: string; readonly model: string }
export type Issued = { readonly signatures: Map<string, Signed> }

const FINISH_REASONS: Record<EndReason, string> = {
  stop: 'STOP',
  calls: 'STOP',
  length: 'MAX_TOKENS',
  refusal: 'SAFETY',
}

export const geminiWire = (): Wire => {
  const issued: Issued = { signatures: new Map() }
  let count = 0
  const id = (prefix: string) => `${prefix}${String(++count).padStart(6, '0')}`
  return {
    path: /^\/v1beta\/models\/[^/]+:streamGenerateContent\?alt=sse$/,
    check: (body, url) => findGeminiProblem(body, modelOf(url), issued),
    refusal: (message) => ({ error: { code: 400, message, status: 'INVALID_ARGUMENT' } }),
    *speak(answer, _body, url) {
      const model = modelOf(url)
      const responseId = id('response')
      const send = (parts: Part[], rest: object = {}) => {
        const candidate = { content: { role: 'model', parts }, index: 0, ...rest }
        const usageMetadata = { promptTokenCount: 20, candidatesTokenCount: 10 }
        const whole = { candidates: [candidate], usageMetadata, modelVersion: model, responseId }
        return `data: ${JSON.stringify(whole)}\r\n\r\n`
      }
      let unsigned = true
      for (const word of answer) {
        if (isHalt(word)) return yield word
        if (word.say === 'error') {
          yield `data: ${JSON.stringify(word.frame)}\r\n\r\n`
        } else if (word.say === 'end') {
          // A signature may come with the last chunk, in a part without text.
          const last: Part[] = word.reason === 'stop' ? [sign({ text: '' }, issued, model, id)] : []
          yield send(last, { finishReason: FINISH_REASONS[word.reason] })
        } else {
          for (const part of partsOf(word, id)) {
            // Of parallel calls the first one is signed.
            const signs = unsigned && part.functionCall !== undefined
            if (signs) unsigned = false
            yield send([signs ? sign(part, issued, model, id) : part])
          }
        }
      }
    },
  }
}

const modelOf = (url: string): string => /models\/([^/:]+):/.exec(url)?.[1] ?? ''

const sign = (
  part: Part,
  { signatures }: Issued,
  model: string,
  id: (prefix: string) => string,
): Part => {
  const thoughtSignature = `${id('signature')}==`
  signatures.set(thoughtSignature, { part: JSON.stringify(part.functionCall ?? null), model })
  return { ...part, thoughtSignature }
}

const partsOf = (word: Word, id: (prefix: string) => string): Part[] => {
  switch (word.say) {
    case 'think':
      return pieces(word.text).map((text) => ({ text, thought: true }))
    case 'text':
      return pieces(word.text).map((text) => ({ text }))
    case 'call':
      return [callPart(word, id)]
    case 'search': {
      const code: Part = { executableCode: { language: 'PYTHON', code: word.query } }
      const result: Part = { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '42' } }
      return word.result ? [code, result] : [code]
    }
    case 'image':
      return [{ inlineData: { mimeType: 'image/png', data: word.data } }]
    default:
      throw new Error(`This API has no way to say ${word.say}.`)
  }
}

/** Arguments come whole, or, while they are being written, piece by piece. */
const callPart = (word: Extract<Word, { say: 'call' }>, id: (prefix: string) => string): Part => {
  const head = { id: word.id ?? id('call'), name: word.name }
  if (!word.open)
    return { functionCall: { ...head, args: JSON.parse(jsonOf(word.input)) as unknown } }
  const partialArgs = [{ jsonPath: '$.path', stringValue: 'a', willContinue: true }]
  return { functionCall: { ...head, partialArgs, willContinue: true } }
}
