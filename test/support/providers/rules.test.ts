import { expect, it } from 'vitest'
import { anthropicWire } from './anthropic.ts'
import { chatWire } from './chat.ts'
import { geminiWire } from './gemini.ts'
import { openaiWire } from './openai.ts'
import type { Json, Wire } from './server.ts'

const ask = { role: 'user', content: [{ type: 'text', text: 'Hi' }] }
const say = (...content: Json[]) => ({ role: 'assistant', content })
const hear = (...content: Json[]) => ({ role: 'user', content })
const use = { type: 'tool_use', id: 't1', name: 'look', input: {} }
const result = { type: 'tool_result', tool_use_id: 't1', content: 'seen' }
const words = { type: 'text', text: 'Well' }
const thought = { type: 'thinking', thinking: 'Hm', signature: 'forged' }
const search = { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} }
const claude = (...messages: Json[]): Json => ({ model: 'm', max_tokens: 9, messages })
const thinking = { thinking: { type: 'enabled', budget_tokens: 1024 } }

const question = { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }
const fn = { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{}' }
const output = { type: 'function_call_output', call_id: 'c1', output: 'seen' }
const gpt = (...input: Json[]): Json => ({ model: 'gpt-5', input: [question, ...input] })

const user = { role: 'user', parts: [{ text: 'Hi' }] }
const fnCall = { functionCall: { id: 'f1', name: 'look', args: {} } }
const fnResponse = { functionResponse: { id: 'f1', name: 'look', response: {} } }
const gemini = (...contents: Json[]): Json => ({ contents: [user, ...contents] })
const model = (...parts: Json[]): Json => ({ role: 'model', parts })

it.each<[string, () => Wire, Json, RegExp]>([
  ['two users in a row', anthropicWire, claude(ask, ask), /alternate/],
  [
    'an empty text',
    anthropicWire,
    claude(ask, say({ type: 'text', text: ' ' }), ask),
    /whitespace/,
  ],
  ['a call without result', anthropicWire, claude(ask, say(use), ask), /without one/],
  ['a result without call', anthropicWire, claude(ask, say(words), hear(result)), /unexpected/],
  ['a result after text', anthropicWire, claude(ask, say(use), hear(words, result)), /come first/],
  ['a forged thought', anthropicWire, claude(ask, say(thought, words), ask), /Invalid `signature`/],
  ['a search without result', anthropicWire, claude(ask, say(search, words), ask), /corresponding/],
  [
    'tools that were called without a thought',
    anthropicWire,
    { ...claude(ask, say(use), hear(result)), ...thinking },
    /Expected `thinking`/,
  ],
  ['a call without output', openaiWire, gpt(fn), /No tool output/],
  ['an output without call', openaiWire, gpt(output), /No tool call/],
  ['two outputs', openaiWire, gpt(fn, output, output), /No tool call/],
  ['an unknown item', openaiWire, gpt({ type: 'item_reference', id: 'msg_9' }), /not found/],
  [
    'a forged reasoning',
    openaiWire,
    gpt({ type: 'reasoning', id: 'rs_9', summary: [], encrypted_content: 'x' }),
    /could not be verified/,
  ],
  ['a model that speaks first', geminiWire, { contents: [model({ text: 'Hi' })] }, /user begins/],
  ['a call without response', geminiWire, gemini(model(fnCall), user), /not equal/],
  [
    'a response without call',
    geminiWire,
    gemini({ role: 'user', parts: [fnResponse] }),
    /not equal/,
  ],
  [
    'a call without signature',
    geminiWire,
    gemini(model(fnCall), { role: 'user', parts: [fnResponse] }),
    /missing a thought_signature/,
  ],
  [
    'a forged signature',
    geminiWire,
    gemini(model({ text: 'Hi', thoughtSignature: 'x' })),
    /not valid/,
  ],
  ['an empty answer', chatWire, { messages: [{ role: 'assistant', content: '' }] }, /no content/],
])('%s is refused', (_what, wire, body, why) => {
  expect(wire().check(body, '/v1beta/models/m:streamGenerateContent')).toMatch(why)
})

it.each<[string, () => Wire, Json]>([
  ['Anthropic', anthropicWire, claude(ask, say(words, use), hear(result, words))],
  ['OpenAI', openaiWire, gpt({ role: 'assistant', content: 'Well' }, fn, output)],
  ['Gemini', geminiWire, gemini(model({ text: 'Well' }), user)],
])('%s takes what is right', (_what, wire, body) => {
  expect(wire().check(body, '/v1beta/models/m:streamGenerateContent')).toBeUndefined()
})
