/** Every provider that Outlast knows, each behind a strict server of its own, as agents with the same tools. */
import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { ProviderOptions } from '@ai-sdk/provider-utils'
import {
  type AgentDefinition,
  type AgentModel,
  defineAgent,
  type OutlastToolSet,
} from '../../../src/agent/define-agent.ts'
import { anthropicWire } from './anthropic.ts'
import { chatWire } from './chat.ts'
import { geminiWire } from './gemini.ts'
import { openaiWire } from './openai.ts'
import { startProvider, type StrictProvider, type Wire } from './server.ts'

export type Provider = {
  readonly wire: () => Wire
  readonly model: (url: string, modelId?: string) => AgentModel
  readonly providerOptions?: ProviderOptions
  /** Tools that the provider executes. */
  readonly ownTools: OutlastToolSet
  /** Another model of the provider. */
  readonly otherModel: string
}

const apiKey = 'sk-test-0123456789abcdef0123456789abcdef'
const openai = createOpenAI({ apiKey })
const anthropic = createAnthropic({ apiKey })
const google = createGoogle({ apiKey })

const openaiProvider = (store: boolean): Provider => ({
  wire: openaiWire,
  model: (url, id = 'gpt-5') => createOpenAI({ apiKey, baseURL: `${url}/v1` }).responses(id),
  providerOptions: { openai: { store, reasoningSummary: 'auto' } },
  ownTools: { web_search: openai.tools.webSearch() },
  otherModel: 'gpt-4.1',
})

export const PROVIDERS = {
  'OpenAI, stored': openaiProvider(true),
  'OpenAI, not stored': openaiProvider(false),
  Anthropic: {
    wire: anthropicWire,
    model: (url, id = 'claude-sonnet-4-5') => createAnthropic({ apiKey, baseURL: `${url}/v1` })(id),
    providerOptions: {
      anthropic: {
        thinking: { type: 'enabled', budgetTokens: 1024 },
        cacheControl: { type: 'ephemeral' },
      },
    },
    ownTools: { web_search: anthropic.tools.webSearch_20250305() },
    otherModel: 'claude-opus-4-5',
  },
  Google: {
    wire: geminiWire,
    model: (url, id = 'gemini-3-pro-preview') =>
      createGoogle({ apiKey, baseURL: `${url}/v1beta` })(id),
    ownTools: { code_execution: google.tools.codeExecution({}) },
    otherModel: 'gemini-3-flash-preview',
  },
  'a compatible API': {
    wire: chatWire,
    model: (url, id = 'some-model') =>
      createOpenAICompatible({ name: 'compatible', apiKey, baseURL: `${url}/v1` })(id),
    ownTools: {},
    otherModel: 'another-model',
  },
} as const satisfies Record<string, Provider>

export type ProviderName = keyof typeof PROVIDERS
export const PROVIDER_NAMES = Object.keys(PROVIDERS) as ProviderName[]

export type StrictProviders = AsyncDisposable & {
  readonly servers: Readonly<Record<ProviderName, StrictProvider>>
  /** An agent for each provider, named after it, and `<name>, other model`. */
  readonly agents: readonly AgentDefinition[]
}

/** `tools`: what each agent has besides the provider's own. */
export const startProviders = async (
  tools: OutlastToolSet,
  names: readonly ProviderName[] = PROVIDER_NAMES,
): Promise<StrictProviders> => {
  const started = names.map(async (name) => [name, await startProvider(PROVIDERS[name].wire())])
  const servers = Object.fromEntries(await Promise.all(started)) as Record<
    ProviderName,
    StrictProvider
  >
  const agents = names.flatMap((name) => {
    const { model, ownTools, providerOptions, otherModel }: Provider = PROVIDERS[name]
    const { url } = servers[name]
    const rest = { tools: { ...tools, ...ownTools }, maxRetries: 0, instructions: 'Be brief.' }
    const options = providerOptions ? { ...rest, providerOptions } : rest
    // Not every model thinks.
    const other = { ...options, model: model(url, otherModel) }
    return [
      defineAgent({ ...options, name: idOf(name), model: model(url) }),
      defineAgent({ ...other, name: `${idOf(name)}-other` }),
    ]
  })
  return {
    servers,
    agents,
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(servers).map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

/** The name of a provider's agent. */
export const idOf = (name: ProviderName): string => name.toLowerCase().replaceAll(/[^a-z]+/g, '-')
