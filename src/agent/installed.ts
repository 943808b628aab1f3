/** Packages that a server needs newer than a page: the ranges of package.json let both in, and what is there is looked at here. */
import { createRequire } from 'node:module'
import * as sdk from 'ai'
import { ConfigError } from '../domain/errors.ts'

/** What a server needs at least. */
export const LOWEST = {
  ai: '7.0.163',
  '@ai-sdk/anthropic': '4.0.105',
  '@ai-sdk/google': '4.0.121',
  '@ai-sdk/mcp': '2.0.99',
  '@ai-sdk/openai': '4.0.118',
} as const

/** @throws ConfigError when a server cannot work with the AI SDK that is installed */
export const checkSdk = (): void => {
  checkInstalled('ai')
  if ('experimental_streamLanguageModelCall' in sdk) return
  throw new ConfigError(needed('ai', 'one without single model calls'))
}

/** @throws ConfigError when the package is older than a server needs */
export const checkInstalled = (name: keyof typeof LOWEST): void => {
  const version = installedVersion(name)
  if (version !== undefined && isOlder(version, LOWEST[name]))
    throw new ConfigError(needed(name, version))
}

const needed = (name: keyof typeof LOWEST, found: string): string => {
  const lowest = LOWEST[name]
  return (
    `A server with Outlast needs ${name} ${lowest} or newer, and ${found} is installed: ` +
    `run "npm install ${name}@${lowest.split('.')[0]}". Older ones are for pages, with outlast/client and outlast/react.`
  )
}

const require = createRequire(import.meta.url)

/** Undefined where somebody has put everything into one file. */
const installedVersion = (name: string): string | undefined => {
  try {
    return (require(`${name}/package.json`) as { readonly version?: string }).version
  } catch {
    return undefined
  }
}

const isOlder = (one: string, other: string): boolean => {
  const [ours = [], theirs = []] = [one, other].map((text) => text.split(/[.-]/).map(Number))
  const differs = [0, 1, 2].find((index) => ours[index] !== theirs[index]) ?? 0
  return ours[differs]! < theirs[differs]!
}
