/** The model: says what the script in the user's message wants, and keeps a list of who asked for what. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createBarrier,
  finish,
  headers,
  startFakeProvider,
  toolCall,
  type Action,
  type FakeProvider,
  type ProviderRequest,
  type Turn,
} from '../../test/support/fake-provider.ts'
import type { ModelCall } from '../adapter.ts'
import { callId, toolInput, wordsOf, type RunScript } from '../script.ts'

export type ScriptedModel = AsyncDisposable & {
  readonly url: string
  readonly calls: readonly ModelCall[]
}

export const startScriptedModel = async (): Promise<ScriptedModel> => {
  const calls: ModelCall[] = []
  const provider: FakeProvider = await startFakeProvider({
    script: (request, asked) => {
      const { script, step } = placeOf(request)
      calls.push({
        run: script.run,
        step,
        asked,
        at: Date.now(),
        process: Number(request.headers['x-chaos-process']),
        pid: Number(request.headers['x-chaos-pid']),
      })
      return answer(script, step, asked)
    },
  })
  return {
    url: provider.url,
    calls,
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  }
}

/** The request alone says where a run is: how often the assistant has spoken since the user did. */
const placeOf = ({ body }: ProviderRequest): { script: RunScript; step: number } => {
  const asked = body.messages.findLastIndex(({ role }) => role === 'user')
  const script = JSON.parse(String(body.messages[asked]?.content)) as RunScript
  const after = body.messages.slice(asked + 1)
  return { script, step: after.filter(({ role }) => role === 'assistant').length }
}

const answer = (script: RunScript, step: number, asked: number): Turn => {
  const { ms, calls } = script.steps[step] ?? { ms: 0, calls: [] }
  const words = wordsOf(script, step, asked)
  const wait = pause(ms / (words.length + 1))
  return [
    headers(),
    ...words.flatMap((content): Action[] => [wait, { type: 'delta', delta: { content } }]),
    wait,
    ...calls.map(({ tool }, call) =>
      toolCall({
        id: callId(call),
        name: tool,
        arguments: toolInput(script, step, call, asked),
        index: call,
      }),
    ),
    finish(calls.length > 0 ? 'tool_calls' : 'stop'),
  ]
}

const pause = (ms: number): Action => ({
  type: 'barrier',
  barrier: { ...createBarrier(), wait: () => sleep(ms) },
})
