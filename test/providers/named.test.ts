/** What `OUTLAST_MODEL` names, asked as the operator set it, with files in the question. */
import { expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { resolveModel, type ModelOptions } from '../../src/agent/providers/resolve-model.ts'
import { testOutlast } from '../support/engine.ts'
import { PROVIDERS, type ProviderName } from '../support/providers/all.ts'
import { startProvider } from '../support/providers/server.ts'
import { end, text, think } from '../support/providers/words.ts'

const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const PDF = Buffer.from('%PDF-1.4\n%%EOF').toString('base64')
const file = (mediaType: string, data: string, filename: string) => ({
  type: 'file',
  mediaType,
  filename,
  url: `data:${mediaType};base64,${data}`,
})

const apiKey = 'key-1'

const NAMED: readonly [
  string,
  ProviderName,
  (url: string) => Omit<ModelOptions, 'model'>,
  Record<string, string>,
  object,
][] = [
  [
    'openai/gpt-5',
    'OpenAI, not stored',
    (url) => ({ openai: { baseUrl: `${url}/v1`, apiKey } }),
    { authorization: 'Bearer key-1' },
    { model: 'gpt-5', store: false, include: ['reasoning.encrypted_content'] },
  ],
  [
    'anthropic/claude-sonnet-4-5',
    'Anthropic',
    (url) => ({ anthropic: { baseUrl: `${url}/v1`, apiKey } }),
    { 'x-api-key': 'key-1' },
    { model: 'claude-sonnet-4-5', cache_control: { type: 'ephemeral' } },
  ],
  [
    'google/gemini-3-pro-preview',
    'Google',
    (url) => ({ google: { baseUrl: `${url}/v1beta`, apiKey } }),
    { 'x-goog-api-key': 'key-1' },
    {},
  ],
]

it.each(NAMED)(
  '%s is asked with its key and its settings, with a picture and a paper',
  async (model, name, settings, headers, body) => {
    const answers = [
      [think('Let me see'), text('A dot.'), end()],
      [text('Still a dot.'), end()],
    ]
    await using server = await startProvider(PROVIDERS[name].wire(), answers)
    const resolved = await resolveModel({ model, ...settings(server.url) })
    await using outlast = await testOutlast([
      defineAgent({ name: 'a', maxRetries: 0, ...resolved }),
    ])
    const files = [file('image/png', PNG, 'dot.png'), file('application/pdf', PDF, 'paper.pdf')]
    const { run } = await outlast.engine.startTurn({
      principal: outlast.principal,
      chatId: 'chat',
      message: { parts: [{ type: 'text', text: 'What is this?' }, ...files] },
    })
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded', error: null })
    const again = await outlast.settled(await outlast.ask('And now?', 'chat'))
    expect(again).toMatchObject({ status: 'succeeded', error: null })
    expect(server.refused).toEqual([])
    expect(server.requests).toHaveLength(2)
    for (const request of server.requests) {
      expect(request.headers).toMatchObject(headers)
      expect(request.body).toMatchObject(body)
      const told = JSON.stringify(request.body)
      expect(told).toContain(PNG)
      expect(told).toContain(PDF)
    }
  },
)
