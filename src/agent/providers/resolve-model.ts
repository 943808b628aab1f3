/** The model that an operator names in the configuration, ready to be called, with what suits its provider. */
import type { ProviderOptions } from '@ai-sdk/provider-utils'
import { ConfigError } from '../../domain/errors.ts'
import type { AgentModel } from '../define-agent.ts'
import { createDemoModel } from '../demo/model.ts'
import { loadPackage } from './load-package.ts'
import { checkedKey, checkedUrl, type ProviderSettings, type SettingNames } from './settings.ts'

export type ModelOptions = {
  /** `demo` or `<provider>/<model id>`; ids may hold slashes. */
  readonly model: string
  readonly openai?: ProviderSettings
  readonly anthropic?: ProviderSettings
  readonly google?: ProviderSettings
  readonly openaiCompatible?: ProviderSettings
}

/** What the built-in agent is defined with. */
export type ResolvedModel = {
  readonly model: AgentModel
  readonly providerOptions?: ProviderOptions
}

/** @throws ConfigError */
export const resolveModel = async (options: ModelOptions): Promise<ResolvedModel> => {
  if (options.model === 'demo') return { model: createDemoModel() }
  const [name = '', ...rest] = options.model.split('/')
  const provider = Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined
  if (!provider) {
    throw new ConfigError(
      `OUTLAST_MODEL names the unknown model ${JSON.stringify(options.model)}. Known are ${KNOWN}.`,
    )
  }
  const modelId = rest.join('/').trim()
  if (modelId === '') {
    throw new ConfigError(`OUTLAST_MODEL lacks the id of the model: set it to ${name}/<model id>.`)
  }
  return provider(options, modelId)
}

type Resolve = (options: ModelOptions, modelId: string) => Promise<ResolvedModel>

const openai: Resolve = async ({ openai: settings }, modelId) => {
  const names = { url: 'OPENAI_BASE_URL', key: 'OPENAI_API_KEY' }
  const access = accessOf(settings, names, 'https://api.openai.com/v1')
  const { createOpenAI } = await loadPackage('@ai-sdk/openai', () => import('@ai-sdk/openai'))
  return {
    model: createOpenAI(access).responses(modelId),
    // What OpenAI stores goes after a while, and a chat that refers to it could not go on.
    providerOptions: { openai: { store: false } },
  }
}

const anthropic: Resolve = async ({ anthropic: settings }, modelId) => {
  const names = { url: 'ANTHROPIC_BASE_URL', key: 'ANTHROPIC_API_KEY' }
  const access = accessOf(settings, names, 'https://api.anthropic.com/v1')
  const load = () => import('@ai-sdk/anthropic')
  const { createAnthropic } = await loadPackage('@ai-sdk/anthropic', load)
  return {
    model: createAnthropic(access)(modelId),
    // Nothing is cached unless it is asked for; this caches all of a request that the next one begins with.
    providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } },
  }
}

const google: Resolve = async ({ google: settings }, modelId) => {
  const names = {
    url: 'GOOGLE_GENERATIVE_AI_BASE_URL',
    key: 'GOOGLE_GENERATIVE_AI_API_KEY',
  }
  const access = accessOf(settings, names, 'https://generativelanguage.googleapis.com/v1beta')
  const { createGoogle } = await loadPackage('@ai-sdk/google', () => import('@ai-sdk/google'))
  return { model: createGoogle(access)(modelId) }
}

const openaiCompatible: Resolve = async ({ openaiCompatible: settings }, modelId) => {
  const names = { url: 'OPENAI_COMPATIBLE_BASE_URL', key: 'OPENAI_COMPATIBLE_API_KEY' }
  const example = 'http://localhost:11434/v1'
  const baseURL = checkedUrl(settings?.baseUrl, names, example)
  if (baseURL === undefined) {
    throw new ConfigError(
      `${names.url} is missing: set it to the address of an OpenAI-compatible API, such as ${example}.`,
    )
  }
  const apiKey = checkedKey(settings?.apiKey, names)
  const load = () => import('@ai-sdk/openai-compatible')
  const { createOpenAICompatible } = await loadPackage('@ai-sdk/openai-compatible', load)
  const provider = createOpenAICompatible({
    name: 'openai-compatible',
    baseURL,
    includeUsage: true,
    ...(apiKey === undefined ? {} : { apiKey }),
  })
  return { model: provider(modelId) }
}

const PROVIDERS: Readonly<Record<string, Resolve>> = {
  openai,
  anthropic,
  google,
  'openai-compatible': openaiCompatible,
}

const KNOWN = ['demo', ...Object.keys(PROVIDERS).map((name) => `${name}/<model id>`)].join(', ')

/** Both given, so that the package has no reason to read the environment. */
const accessOf = (
  settings: ProviderSettings | undefined,
  names: SettingNames,
  standardUrl: string,
): { baseURL: string; apiKey: string } => {
  const baseURL = checkedUrl(settings?.baseUrl, names, standardUrl) ?? standardUrl
  const apiKey = checkedKey(settings?.apiKey, names)
  if (apiKey === undefined) {
    throw new ConfigError(`${names.key} is missing: set it to your key for the model provider.`)
  }
  return { baseURL, apiKey }
}
