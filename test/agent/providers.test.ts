import { describe, expect, test } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { resolveModel, type ModelOptions } from '../../src/agent/providers/resolve-model.ts'
import { loadPackage } from '../../src/agent/providers/load-package.ts'
import { ConfigError } from '../../src/domain/errors.ts'
import { finish, startFakeProvider, text, usage } from '../support/fake-provider.ts'
import { callModel } from '../support/prepared.ts'

const baseUrl = 'http://127.0.0.1:1/v1'

describe('the model', () => {
  test('demo is the built-in one, and needs nothing', async () => {
    expect((await resolveModel({ model: 'demo' })).model.specificationVersion).toBe('v4')
  })

  test.each([
    ['some-model', ''],
    ['meta-llama/llama-3', '/'],
  ])(
    'openai-compatible/%s asks the API for that id, with the key and for usage',
    async (id, end) => {
      await using provider = await startFakeProvider({
        script: [[text('Hi'), finish(), usage(3, 4)]],
      })
      const openaiCompatible = { baseUrl: `${provider.url}${end}`, apiKey: ' key-1\n' }
      const { model } = await resolveModel({
        model: `openai-compatible/${id}`,
        openaiCompatible,
      })
      expect(model).toMatchObject({ provider: 'openai-compatible.chat', modelId: id })
      const messages = [{ role: 'user' as const, content: 'Hello' }]
      let inputTokens: number | undefined
      for await (const part of await callModel(defineAgent({ name: 'test', model }), { messages }))
        if (part.type === 'model-call-end') inputTokens = part.usage.inputTokens
      expect(inputTokens).toBe(3)
      const { body, headers } = await provider.request(0)
      expect(body).toMatchObject({ model: id, stream_options: { include_usage: true } })
      expect(headers.authorization).toBe('Bearer key-1')
    },
  )

  test('is asked without a key when there is none', async () => {
    await using provider = await startFakeProvider({ script: [[text('Hi'), finish()]] })
    const openaiCompatible = { baseUrl: provider.url, apiKey: '' }
    const { model } = await resolveModel({ model: 'openai-compatible/m', openaiCompatible })
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    for await (const _part of await callModel(defineAgent({ name: 'test', model }), { messages }));
    expect((await provider.request(0)).headers.authorization).toBeUndefined()
  })

  test.each<[string, ModelOptions, string]>([
    [
      'an unknown provider',
      { model: 'other/gpt-5' },
      'unknown model "other/gpt-5". Known are demo, openai/<model id>, anthropic/<model id>, google/<model id>, openai-compatible/<model id>.',
    ],
    ['a word that every object has', { model: 'constructor/m' }, 'unknown model'],
    ['no id for OpenAI', { model: 'openai/' }, 'set it to openai/<model id>'],
    ['no key for OpenAI', { model: 'openai/gpt-5' }, 'OPENAI_API_KEY is missing'],
    ['no key for Anthropic', { model: 'anthropic/c' }, 'ANTHROPIC_API_KEY is missing'],
    [
      'no key for Google',
      { model: 'google/gemini-3-pro', google: { apiKey: ' ' } },
      'GOOGLE_GENERATIVE_AI_API_KEY is missing',
    ],
    [
      'a base URL for OpenAI that is none',
      { model: 'openai/gpt-5', openai: { apiKey: 'k', baseUrl: 'api.openai.com' } },
      'OPENAI_BASE_URL is not an http(s) URL',
    ],
    [
      'a base URL for Anthropic with a key in it',
      { model: 'anthropic/c', anthropic: { apiKey: 'k', baseUrl: 'https://u:pw@a.example' } },
      'ANTHROPIC_BASE_URL holds credentials',
    ],
    ['nothing', { model: '' }, 'unknown model "".'],
    ['no id', { model: 'openai-compatible/', openaiCompatible: { baseUrl } }, 'lacks the id'],
    ['no base URL', { model: 'openai-compatible/m' }, 'OPENAI_COMPATIBLE_BASE_URL is missing'],
    [
      'an empty base URL',
      { model: 'openai-compatible/m', openaiCompatible: { baseUrl: ' ' } },
      'OPENAI_COMPATIBLE_BASE_URL is missing',
    ],
    [
      'a base URL without a scheme',
      { model: 'openai-compatible/m', openaiCompatible: { baseUrl: 'localhost:11434/v1' } },
      'is not an http(s) URL',
    ],
    [
      'a base URL of another scheme',
      { model: 'openai-compatible/m', openaiCompatible: { baseUrl: 'file:///v1' } },
      'is not an http(s) URL',
    ],
    [
      'a base URL with credentials',
      { model: 'openai-compatible/m', openaiCompatible: { baseUrl: 'https://u:pw@a.example/v1' } },
      'OPENAI_COMPATIBLE_API_KEY',
    ],
    [
      'a base URL with a query',
      { model: 'openai-compatible/m', openaiCompatible: { baseUrl: `${baseUrl}?key=secret` } },
      'has a query',
    ],
    [
      'a key that no header can carry',
      { model: 'openai-compatible/m', openaiCompatible: { baseUrl, apiKey: 'a\nsecret' } },
      'OPENAI_COMPATIBLE_API_KEY has',
    ],
  ])('cannot be %s', async (_what, options, reason) => {
    const error: unknown = await resolveModel(options).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    const { message } = error as ConfigError
    expect(message).toContain(reason)
    // A mistake is printed, and what was mistaken may be a secret.
    expect(message).not.toMatch(/secret|pw/)
  })

  test('of a provider whose package is not installed says which one to install', async () => {
    // A name that the type checker does not know either.
    const name = 'outlast-no-such-provider'
    const loaded = loadPackage(name, () => import(name))
    await expect(loaded).rejects.toThrow(ConfigError)
    await expect(loaded).rejects.toThrow(`run "npm install ${name}"`)
  })

  test('of a package that is installed and broken is not said to be missing', async () => {
    const broken = () => Promise.reject(new SyntaxError('Unexpected token'))
    await expect(loadPackage('p', broken)).rejects.toThrow(SyntaxError)
  })
})
