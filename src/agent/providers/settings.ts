/** Checks what an operator sets for a model provider: each mistake is a sentence that says what to set. */
import { ConfigError } from '../../domain/errors.ts'

/** How a provider is reached. Nothing of it is ever logged. */
export type ProviderSettings = {
  readonly baseUrl?: string | undefined
  readonly apiKey?: string | undefined
}

/** Names of the variables that the settings come from. */
export type SettingNames = { readonly url: string; readonly key: string }

/** The address without white space around it; undefined when there is none. @throws ConfigError */
export const checkedUrl = (
  baseUrl: string | undefined,
  names: SettingNames,
  example: string,
): string | undefined => {
  const text = baseUrl?.trim() ?? ''
  if (text === '') return undefined
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigError(`${names.url} is not an http(s) URL: set it to one, such as ${example}.`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(`${names.url} holds credentials: move the key to ${names.key}.`)
  }
  if (url.search !== '' || url.hash !== '') {
    throw new ConfigError(
      `${names.url} has a query or a fragment: set it to the address only, such as ${example}.`,
    )
  }
  return text
}

/** The key without white space around it; undefined when there is none. @throws ConfigError */
export const checkedKey = (
  apiKey: string | undefined,
  { key: name }: SettingNames,
): string | undefined => {
  const key = apiKey?.trim() ?? ''
  if (key === '') return undefined
  // Anything else cannot be sent in a header.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ConfigError(
      `${name} has spaces, line breaks or letters that no key has: set it to the key alone.`,
    )
  }
  return key
}
