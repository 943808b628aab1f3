/** The model that an operator names in the configuration, ready to be called; a mistake is a sentence that says what to set. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ConfigError } from '../domain/errors.ts'
import type { AgentModel } from './define-agent.ts'
import { createDemoModel } from './demo/model.ts'

export type ModelOptions = {
  /** `demo` or `<provider>/<model id>`; ids may hold slashes. */
  readonly model: string
  readonly openaiCompatible?: {
    readonly baseUrl?: string | undefined
    readonly apiKey?: string | undefined
  }
}

const PROVIDERS = 'demo and openai-compatible/<model id>'

/** @throws ConfigError */
export const resolveModel = ({ model, openaiCompatible = {} }: ModelOptions): AgentModel => {
  if (model === 'demo') return createDemoModel()
  const [provider, ...rest] = model.split('/')
  const modelId = rest.join('/').trim()
  if (provider !== 'openai-compatible') {
    throw new ConfigError(
      `OUTLAST_MODEL names the unknown model ${JSON.stringify(model)}. Known are ${PROVIDERS}.`,
    )
  }
  if (modelId === '') {
    throw new ConfigError(
      'OUTLAST_MODEL lacks the id of the model: set it to openai-compatible/<model id>.',
    )
  }
  const apiKey = checkedKey(openaiCompatible.apiKey)
  return createOpenAICompatible({
    name: 'openai-compatible',
    baseURL: checkedUrl(openaiCompatible.baseUrl),
    includeUsage: true,
    ...(apiKey === undefined ? {} : { apiKey }),
  })(modelId)
}

const URL_NAME = 'OPENAI_COMPATIBLE_BASE_URL'
const URL_EXAMPLE = 'such as http://localhost:11434/v1'

const checkedUrl = (baseUrl: string | undefined): string => {
  const text = baseUrl?.trim() ?? ''
  if (text === '') {
    throw new ConfigError(
      `${URL_NAME} is missing: set it to the address of an OpenAI-compatible API, ${URL_EXAMPLE}.`,
    )
  }
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigError(`${URL_NAME} is not an http(s) URL: set it to one, ${URL_EXAMPLE}.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      `${URL_NAME} holds credentials: move the key to OPENAI_COMPATIBLE_API_KEY.`,
    )
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError(
      `${URL_NAME} has a query or a fragment: set it to the address only, ${URL_EXAMPLE}.`,
    )
  }
  return text
}

const checkedKey = (apiKey: string | undefined): string | undefined => {
  const key = apiKey?.trim()
  if (key === undefined || key === '') return undefined
  // Anything else cannot be sent in a header.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ConfigError(
      'OPENAI_COMPATIBLE_API_KEY has spaces, line breaks or letters that no key has: set it to the key alone.',
    )
  }
  return key
}
