/** Versions of the AI SDK as an application installs them: `@ai-sdk/react` with the `ai` that belongs to it. */
import { existsSync, readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Chat } from '@ai-sdk/react'
import type { DefaultChatTransport, UIMessage } from 'ai'
import { installWorkspace } from '../support/workspace.ts'

export const CLIENTS = fileURLToPath(new URL('clients', import.meta.url))

type Manifest = {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

const manifestAt = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Manifest

/** Of `ai`, oldest first. */
export const VERSIONS: readonly string[] = Object.keys(
  manifestAt(join(CLIENTS, 'package.json')).dependencies,
)
  .filter((name) => name.startsWith('ai-'))
  .map((name) => name.slice('ai-'.length))
  .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))

/** An old, a middle and the newest one, which are tested more thoroughly than the others. */
export const MAIN_VERSIONS: readonly string[] = ['5.0.277', '6.0.326', VERSIONS.at(-1)!]

/** What one version brings: typed as the newest one, which is a promise that only the tests can keep. */
export type Kit = {
  readonly version: string
  /** The folder of its `ai`. */
  readonly ai: string
  readonly Chat: typeof Chat<UIMessage>
  readonly DefaultChatTransport: typeof DefaultChatTransport<UIMessage>
}

export const installClients = (): Promise<void> => installWorkspace(CLIENTS)

export const loadKit = async (version: string): Promise<Kit> => {
  const react = join(CLIENTS, 'node_modules', `ai-${version}`)
  const manifest = findPackageJSON('ai', pathToFileURL(join(react, 'index.js')))!
  const found = manifestAt(manifest).version
  if (found !== version) throw new TypeError(`ai-${version} has ai ${found}.`)
  const ai = dirname(manifest)
  const { DefaultChatTransport } = await import(entryOf(ai))
  const { Chat } = await import(entryOf(react))
  return { version, ai, Chat, DefaultChatTransport }
}

/** What `import` takes: the first versions have their CommonJS beside it. */
const entryOf = (folder: string): string => {
  const [older, newer] = [join(folder, 'dist/index.mjs'), join(folder, 'dist/index.js')]
  return pathToFileURL(existsSync(older) ? older : newer).href
}
