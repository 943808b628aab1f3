/** A turn as the parts of a model's stream, word by word, with where a pause belongs. */
import type { LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider'
import type { Turn } from './turn.ts'

export type PacedPart = {
  part: LanguageModelV4StreamPart
  /** How many pauses come before it. */
  pauses: number
}

const SLOW = 4

export type StreamOptions = {
  inputWords: number
  /** Words of text after which the answer is cut, with the reason `length`. */
  maxWords: number | undefined
  warnings: Extract<LanguageModelV4StreamPart, { type: 'stream-start' }>['warnings']
  modelId: string
}

/** All parts of a turn in order; always ends with `finish`. */
export function* streamParts(
  { reasoning, texts, calls }: Turn,
  { inputWords, maxWords = Infinity, warnings, modelId }: StreamOptions,
): Generator<PacedPart, void, undefined> {
  yield at(0, { type: 'stream-start', warnings })
  yield at(0, { type: 'response-metadata', modelId })
  const counted = { reasoning: 0, text: 0 }
  if (reasoning !== undefined) {
    yield at(1, { type: 'reasoning-start', id: 'reasoning-1' })
    for (const delta of wordsOf(reasoning)) {
      counted.reasoning += 1
      yield at(1, { type: 'reasoning-delta', id: 'reasoning-1', delta })
    }
    yield at(0, { type: 'reasoning-end', id: 'reasoning-1' })
  }
  if (texts.length > 0) yield at(1, { type: 'text-start', id: 'text-1' })
  const isCut = yield* textDeltas(texts, counted, maxWords)
  if (texts.length > 0) yield at(0, { type: 'text-end', id: 'text-1' })
  for (const call of isCut ? [] : calls) yield* toolParts(call)
  const reason = isCut ? 'length' : calls.length > 0 ? 'tool-calls' : 'stop'
  yield at(0, {
    type: 'finish',
    finishReason: { unified: reason, raw: reason },
    usage: usageOf(inputWords, counted),
  })
}

const at = (pauses: number, part: LanguageModelV4StreamPart): PacedPart => ({ part, pauses })

/** Paragraphs of one text block; returns whether the limit cut them. */
function* textDeltas(
  texts: Turn['texts'],
  counted: { text: number },
  maxWords: number,
): Generator<PacedPart, boolean, undefined> {
  for (const [index, { text, isSlow }] of texts.entries()) {
    for (const delta of wordsOf(index === 0 ? text : `\n\n${text}`)) {
      if (counted.text >= maxWords) return true
      counted.text += 1
      yield at(isSlow ? SLOW : 1, { type: 'text-delta', id: 'text-1', delta })
    }
  }
  return false
}

function* toolParts({ toolCallId, toolName, input }: Turn['calls'][number]): Generator<PacedPart> {
  yield at(1, { type: 'tool-input-start', id: toolCallId, toolName })
  yield at(1, { type: 'tool-input-delta', id: toolCallId, delta: input })
  yield at(0, { type: 'tool-input-end', id: toolCallId })
  yield at(0, { type: 'tool-call', toolCallId, toolName, input })
}

/** Pieces of one word with the space before it; together they are the text. */
const wordsOf = (text: string): string[] => text.match(/\s*\S+|\s+$/g) ?? []

/** The demo model has no tokens: these are words, and `raw` says so. */
const usageOf = (
  inputWords: number,
  { reasoning, text }: { reasoning: number; text: number },
): LanguageModelV4Usage => ({
  inputTokens: {
    total: inputWords,
    noCache: inputWords,
    cacheRead: undefined,
    cacheWrite: undefined,
  },
  outputTokens: { total: reasoning + text, text, reasoning },
  raw: { estimate: 'words, not tokens' },
})
