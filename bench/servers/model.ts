/** The language model of both servers: it costs next to nothing, so that what is measured is what is around it. */
import type {
  LanguageModelV4,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider'
import { tool } from 'ai'
import { z } from 'zod'
import { deltaOf, wallClock, type Script } from '../script.ts'
import { Pacer } from './pacer.ts'

const pacer = new Pacer()
/** Goes on with each stream that is held. */
const held = new Set<() => void>()
/** When model calls were aborted. */
const abortedAt: number[] = []

/** The times of the wall clock at which model calls were aborted, since this was asked last. */
export const takeAborts = (): readonly number[] => abortedAt.splice(0)

export const releaseHeld = (): void => {
  for (const goOn of held) goOn()
  held.clear()
}

export const benchModel: LanguageModelV4 = {
  specificationVersion: 'v4',
  provider: 'bench',
  modelId: 'bench-1',
  supportedUrls: {},
  doStream: async ({ prompt, abortSignal }) => {
    const { script, step } = placeOf(prompt)
    return { stream: streamOf(partsOf(script, step), script, abortSignal) }
  },
  doGenerate: () => Promise.reject(new TypeError('The bench streams.')),
}

/** Gives about a kilobyte back, as a search would. */
export const benchTools = {
  search: tool({
    inputSchema: z.object({ query: z.string() }),
    execute: ({ query }) => ({
      hits: Array.from({ length: 10 }, (_, rank) => ({ rank, query, text: 'found '.repeat(12) })),
    }),
  }),
}

/** The request alone says where a run is: how often the assistant has spoken since the user did. */
const placeOf = (prompt: LanguageModelV4Prompt): { script: Script; step: number } => {
  const asked = prompt.findLastIndex(({ role }) => role === 'user')
  const content = prompt[asked]?.content
  const text = typeof content === 'object' && content[0]?.type === 'text' ? content[0].text : ''
  const after = prompt.slice(asked + 1)
  return {
    script: JSON.parse(text) as Script,
    step: after.filter(({ role }) => role === 'assistant').length,
  }
}

function* partsOf(script: Script, step: number): Generator<LanguageModelV4StreamPart, void> {
  const acts = step + 1 < script.steps
  yield { type: 'text-start', id: '0' }
  for (let index = 0; index < script.deltas; index++)
    yield { type: 'text-delta', id: '0', delta: deltaOf(script, index) }
  yield { type: 'text-end', id: '0' }
  if (acts) {
    const input = JSON.stringify({ query: `question ${step}` })
    yield { type: 'tool-input-start', id: `call-${step}`, toolName: 'search' }
    for (const delta of input.match(/.{1,6}/g) ?? [])
      yield { type: 'tool-input-delta', id: `call-${step}`, delta }
    yield { type: 'tool-input-end', id: `call-${step}` }
    yield { type: 'tool-call', toolCallId: `call-${step}`, toolName: 'search', input }
  }
  yield {
    type: 'finish',
    finishReason: { unified: acts ? 'tool-calls' : 'stop', raw: 'end' },
    usage: {
      inputTokens: { total: 100, noCache: 100, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: script.deltas, text: script.deltas, reasoning: undefined },
    },
  }
}

type Controller = ReadableStreamDefaultController<LanguageModelV4StreamPart>

const streamOf = (
  parts: Iterator<LanguageModelV4StreamPart, void>,
  { everyMs, holdAfter }: Script,
  signal: AbortSignal | undefined,
): ReadableStream<LanguageModelV4StreamPart> => {
  let given = 0
  let unpace = () => {}
  let left = false
  const leave = () => {
    left = true
    unpace()
  }
  const abort = () => {
    abortedAt.push(wallClock())
    leave()
  }
  /** Everything up to the next delta; false when the stream has ended or is held. */
  const give = (controller: Controller) => {
    for (;;) {
      const next = parts.next()
      if (next.done) {
        controller.close()
        return false
      }
      controller.enqueue(next.value)
      if (next.value.type === 'text-delta') {
        given += 1
        return true
      }
    }
  }
  const pace = (controller: Controller) => {
    if (left) return
    unpace = pacer.add(everyMs, () => {
      const more = give(controller)
      if (given !== holdAfter) return more
      held.add(() => pace(controller))
      return false
    })
  }
  return new ReadableStream<LanguageModelV4StreamPart>({
    start(controller: Controller) {
      controller.enqueue({ type: 'stream-start', warnings: [] })
      signal?.addEventListener('abort', abort, { once: true })
      if (everyMs > 0) pace(controller)
    },
    ...(everyMs > 0 ? {} : { pull: (controller: Controller) => void give(controller) }),
    cancel: leave,
  })
}
