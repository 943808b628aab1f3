/** How a command reaches what it asks: a server over HTTP, the server that holds the data folder, or the database itself. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import type { CliConfig } from '../config.ts'
import { controlPathOf, LOCAL_USER, PRINCIPAL_HEADERS } from '../control-address.ts'
import { coerceError, ConfigError, DataFolderLockedError } from '../domain/errors.ts'
import type { Principal } from '../domain/run.ts'
import type { OpenDatabaseOptions } from '../store/database.ts'
import { ServerUnreachableError, UsageError } from './errors.ts'
import { note, type Shell } from './shell.ts'

/** Answers requests for a path. */
export type Reach = AsyncDisposable & {
  ask(path: string, init?: Ask): Promise<Response>
}

export type Ask = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export type ReachOptions = {
  readonly url?: string
  readonly tokenFile?: string
  readonly workspace?: string
  readonly user?: string
}

/** For what belongs to a user: a server where one is named, else what lies here. */
export const reachUser = async (
  shell: Shell,
  config: CliConfig,
  options: ReachOptions,
): Promise<Reach> => {
  const url = options.url ?? config.url
  if (url === undefined) {
    if (options.tokenFile !== undefined)
      throw new UsageError('--token-file is for a server: name it with --url or OUTLAST_URL.')
    if (config.databaseUrl === undefined && !existsSync(config.dataDir))
      throw new ConfigError(
        `There is no data folder ${config.dataDir}. Name a server with --url, or set DATABASE_URL or OUTLAST_DATA_DIR.`,
      )
    return onBehalfOf(principalOf(config, options), await reachOperator(shell, config))
  }
  if (options.workspace !== undefined || options.user !== undefined)
    throw new UsageError(
      'A server knows by your token who you are: leave out --workspace and --user.',
    )
  return reachServer(url, await tokenOf(shell, config, options.tokenFile))
}

/** For what belongs to nobody: the database, through the process that holds it if there is one. */
export const reachOperator = async (shell: Shell, config: CliConfig): Promise<Reach> => {
  const { databaseUrl: url, databaseDirectUrl: directUrl, dataDir } = config
  if (url !== undefined) return openReach(shell, { url, directUrl })
  const path = controlPathOf(dataDir)
  const running = path !== undefined && existsSync(path) ? await reachSocket(path) : undefined
  if (running && (await isThere(running))) return running
  await running?.[Symbol.asyncDispose]()
  try {
    return await openReach(shell, { dataDir })
  } catch (error) {
    if (!(error instanceof DataFolderLockedError)) throw error
    throw new ConfigError(
      `The data folder ${dataDir} is in use by a process that takes no commands. ` +
        'Ask its server, as in --url http://localhost:3000, or stop it.',
      { cause: error },
    )
  }
}

const reachServer = (url: string, token: string | undefined): Reach => {
  const base = baseOf(url)
  const own = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const ask = async (path: string, { headers, ...init }: Ask = {}) => {
    try {
      // A redirect would carry the request to where nobody sent it.
      const asked = { ...init, headers: { ...own, ...headers }, redirect: 'error' } as const
      return await fetch(`${base}${path}`, asked)
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw unreachable(base, error)
    }
  }
  return { ask, [Symbol.asyncDispose]: async () => undefined }
}

const baseOf = (url: string): string => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.search)
    throw new UsageError('The address of a server looks like http://localhost:3000.')
  return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, '')
}

const reachSocket = async (socketPath: string): Promise<Reach> => {
  const { Agent, fetch: undiciFetch } = await import('undici')
  const dispatcher = new Agent({ connect: { socketPath }, bodyTimeout: 0 })
  const ask = async (path: string, init: Ask = {}) => {
    try {
      const answer = await undiciFetch(`http://localhost${path}`, { ...init, dispatcher })
      return answer as unknown as Response
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw unreachable(socketPath, error)
    }
  }
  return { ask, [Symbol.asyncDispose]: () => dispatcher.destroy() }
}

/** A process that was killed leaves its socket behind. */
const isThere = async (reach: Reach): Promise<boolean> => {
  try {
    await (await reach.ask('/healthz')).body?.cancel()
    return true
  } catch (error) {
    if (error instanceof ServerUnreachableError) return false
    throw error
  }
}

const openReach = async (shell: Shell, database: OpenDatabaseOptions): Promise<Reach> => {
  // Who asks a server has not to wait until all of this is loaded.
  const { openIdleOutlast } = await import('../outlast.ts')
  const { createControl } = await import('../control.ts')
  const outlast = await openIdleOutlast({
    database,
    onError: (error, { during }) => note(shell, `While ${during}: ${error.message}`),
  })
  const control = createControl(outlast)
  return {
    ask: async (path, init = {}) => control.request(`http://localhost${path}`, init),
    [Symbol.asyncDispose]: () => outlast.close(0),
  }
}

const onBehalfOf = ({ workspaceId, userId }: Principal, reach: Reach): Reach => {
  const own = {
    [PRINCIPAL_HEADERS.workspace]: encodeURIComponent(workspaceId),
    [PRINCIPAL_HEADERS.user]: encodeURIComponent(userId),
  }
  return {
    ask: (path, { headers, ...init } = {}) =>
      reach.ask(path, { ...init, headers: { ...own, ...headers } }),
    [Symbol.asyncDispose]: () => reach[Symbol.asyncDispose](),
  }
}

/** A server without users has this one. */
const principalOf = ({ hasUsers }: CliConfig, { workspace, user }: ReachOptions): Principal => {
  if (workspace !== undefined && user !== undefined) return { workspaceId: workspace, userId: user }
  if (workspace === undefined && user === undefined && !hasUsers) return LOCAL_USER
  throw new UsageError(
    'Say whose they are with --workspace and --user, or ask a server with --url and OUTLAST_TOKEN.',
  )
}

const tokenOf = async (
  { stdin }: Shell,
  { token }: CliConfig,
  file: string | undefined,
): Promise<string | undefined> => {
  if (file === undefined) return token
  const text = file === '-' ? readText(stdin) : readFile(file, 'utf8')
  const read = await text.catch((error: unknown) => {
    throw new UsageError(`The token file cannot be read: ${coerceError(error).message}.`)
  })
  if (/^\s*[\x21-\x7e]+\s*$/.test(read)) return read.trim()
  throw new UsageError('The token file has to hold a token and nothing else.')
}

const unreachable = (where: string, thrown: unknown): ServerUnreachableError => {
  const error = coerceError(thrown)
  const reason = error.cause instanceof Error ? error.cause.message : error.message
  return new ServerUnreachableError(
    `There is no answer from ${where}: ${reason || error.message}. Is the server running?`,
    { cause: error },
  )
}
