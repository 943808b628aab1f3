/** The environment, read in one place: each mistake is a sentence that says what to set. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import {
  identityMistakes,
  identityOf,
  identitySettings,
  list,
  text,
  type IdentityConfig,
} from './config-identity.ts'
import { mcpServersOf } from './config-mcp.ts'
import { redisMistakes, redisOf, redisSettings, type RedisConfig } from './config-redis.ts'
import { telemetryOf, telemetrySettings, type TelemetryConfig } from './config-telemetry.ts'
import type { McpServer } from './agent/mcp/options.ts'
import { ConfigError } from './domain/errors.ts'
import {
  isConcurrency,
  LIMIT_NAMES,
  limitSetting,
  MOST_CONCURRENCY,
  resolveLimits,
  type Limits,
} from './domain/limits.ts'

export type Config = {
  readonly host: string
  readonly port: number
  /** Folder of the embedded database; unused with `databaseUrl`. */
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  /** Where processes on `databaseUrl` hear of each other: the database itself, and no pooler. */
  readonly databaseDirectUrl: string | undefined
  /** What carries live words and news between the processes on `databaseUrl`; undefined: PostgreSQL does. */
  readonly redis: RedisConfig | undefined
  /** The agent file; undefined when there is none and the built-in agent is used. */
  readonly agentFile: string | undefined
  /** `demo` or `<provider>/<model id>`, for the built-in agent. */
  readonly model: string
  readonly openai: ProviderAccess
  readonly anthropic: ProviderAccess
  readonly google: ProviderAccess
  readonly openaiCompatible: ProviderAccess
  /** The one folder that the built-in agent's file tools see. */
  readonly filesRoot: string
  /** Hosts that the built-in fetch tool may reach although their addresses are private. */
  readonly fetchAllowedHosts: readonly string[]
  /** MCP servers of the built-in agent, by name; undefined when there are none. Checked when they are made. */
  readonly mcpServers: Readonly<Record<string, McpServer>> | undefined
  /** Runs that are executed at a time; undefined: as many as the role of the process has. */
  readonly concurrency: number | undefined
  /** A run whose process was silent for so long is continued by another one. */
  readonly leaseMs: number
  readonly limits: Limits
  /** Undefined: everybody on this machine is one user, and nobody else gets in. */
  readonly identity: IdentityConfig | undefined
  /** Pages of other origins that may use the API. */
  readonly corsOrigins: readonly string[]
  /** Of each user, where there are any; 0 for any number. */
  readonly requestsPerMinute: number
  readonly telemetry: TelemetryConfig
}

/** How a model provider is reached; checked when its model is made. */
export type ProviderAccess = {
  readonly baseUrl: string | undefined
  readonly apiKey: string | undefined
}

/** A shorter lease is lost to a pause that is nothing unusual. */
const SHORTEST_LEASE_MS = 1000
const LONGEST_LEASE_MS = 3_600_000

const DEFAULT_AGENT_FILE = 'outlast.config.ts'

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

const postgresAddress = (name: string) =>
  text.refine((url) => url === undefined || /^postgres(ql)?:\/\//.test(url), {
    error: `${name} is not a PostgreSQL address: set it to postgres://user:password@host:5432/name.`,
  })

const databaseSettings = (cwd: string) => ({
  OUTLAST_DATA_DIR: text.transform((path) => resolve(cwd, path ?? '.outlast')),
  DATABASE_URL: postgresAddress('DATABASE_URL'),
  DATABASE_DIRECT_URL: postgresAddress('DATABASE_DIRECT_URL'),
})

const schema = (cwd: string) =>
  z.object({
    HOST: text.transform((host) => host ?? '127.0.0.1'),
    PORT: text
      .transform((port) => Number(port ?? 3000))
      .refine((port) => Number.isInteger(port) && port >= 0 && port <= 65535, {
        error: 'PORT is not a port number: set it to a whole number from 0 to 65535, such as 3000.',
      }),
    ...databaseSettings(cwd),
    ...redisSettings,
    OUTLAST_CONFIG: text
      .transform((path) => (path === undefined ? undefined : resolve(cwd, path)))
      .refine((path) => path === undefined || existsSync(path), {
        error: ({ input }) =>
          `OUTLAST_CONFIG names ${String(input)}, and there is no such file: set it to your agent file.`,
      }),
    OUTLAST_MODEL: text.transform((model) => model ?? 'demo'),
    OPENAI_BASE_URL: text,
    OPENAI_API_KEY: text,
    ANTHROPIC_BASE_URL: text,
    ANTHROPIC_API_KEY: text,
    GOOGLE_GENERATIVE_AI_BASE_URL: text,
    GOOGLE_GENERATIVE_AI_API_KEY: text,
    OPENAI_COMPATIBLE_BASE_URL: text,
    OPENAI_COMPATIBLE_API_KEY: text,
    OUTLAST_FILES_ROOT: text
      .transform((path) => resolve(cwd, path ?? '.'))
      .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true, {
        error: ({ input }) =>
          `OUTLAST_FILES_ROOT names ${String(input)}, and that is no folder: set it to the folder that the file tools may read.`,
      }),
    OUTLAST_FETCH_ALLOW: list,
    OUTLAST_MCP: text.transform((path) => (path === undefined ? undefined : resolve(cwd, path))),
    OUTLAST_CONCURRENCY: text
      .transform((runs) => (runs === undefined ? undefined : Number(runs)))
      .refine((runs) => runs === undefined || isConcurrency(runs), {
        error: `OUTLAST_CONCURRENCY is no number of runs: set it to a whole number from 0 to ${MOST_CONCURRENCY}, such as 100.`,
      }),
    OUTLAST_LEASE_MS: text
      .transform((ms) => Number(ms ?? 10_000))
      .refine((ms) => Number.isInteger(ms) && ms >= SHORTEST_LEASE_MS && ms <= LONGEST_LEASE_MS, {
        error: `OUTLAST_LEASE_MS is no lease time: set it to whole milliseconds from ${SHORTEST_LEASE_MS} to ${LONGEST_LEASE_MS}, such as 10000.`,
      }),
    ...identitySettings,
    ...telemetrySettings,
  })

const hostMistake = ({
  HOST: host,
  OUTLAST_AUTH: ways,
}: {
  HOST: string
  OUTLAST_AUTH: string[]
}) =>
  isLoopback(host) || ways.length > 0
    ? []
    : [
        `HOST is ${host}: other machines can reach that, and this server asks nobody who they are. ` +
          'Set OUTLAST_AUTH to token or jwt, or set HOST to 127.0.0.1, ::1 or localhost, or leave it out.',
      ]

/** @throws ConfigError with one sentence for each mistake */
export const readConfig = (
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): Config => {
  const value = parsed(schema(cwd), env)
  const mistakes = [...hostMistake(value), ...redisMistakes(value), ...identityMistakes(value)]
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'))
  const standard = resolve(cwd, DEFAULT_AGENT_FILE)
  return {
    host: value.HOST,
    port: value.PORT,
    dataDir: value.OUTLAST_DATA_DIR,
    databaseUrl: value.DATABASE_URL,
    databaseDirectUrl: value.DATABASE_DIRECT_URL,
    redis: redisOf(value),
    agentFile: value.OUTLAST_CONFIG ?? (existsSync(standard) ? standard : undefined),
    model: value.OUTLAST_MODEL,
    openai: { baseUrl: value.OPENAI_BASE_URL, apiKey: value.OPENAI_API_KEY },
    anthropic: { baseUrl: value.ANTHROPIC_BASE_URL, apiKey: value.ANTHROPIC_API_KEY },
    google: {
      baseUrl: value.GOOGLE_GENERATIVE_AI_BASE_URL,
      apiKey: value.GOOGLE_GENERATIVE_AI_API_KEY,
    },
    openaiCompatible: {
      baseUrl: value.OPENAI_COMPATIBLE_BASE_URL,
      apiKey: value.OPENAI_COMPATIBLE_API_KEY,
    },
    filesRoot: value.OUTLAST_FILES_ROOT,
    fetchAllowedHosts: value.OUTLAST_FETCH_ALLOW,
    mcpServers: mcpServersOf(value.OUTLAST_MCP, env),
    concurrency: value.OUTLAST_CONCURRENCY,
    leaseMs: value.OUTLAST_LEASE_MS,
    limits: limitsOf(env),
    identity: identityOf(value),
    corsOrigins: value.OUTLAST_CORS_ORIGINS,
    requestsPerMinute: value.OUTLAST_REQUESTS_PER_MINUTE,
    telemetry: telemetryOf(value),
  }
}

/** What the commands need to know, beside `outlast serve`. */
export type CliConfig = Pick<Config, 'dataDir' | 'databaseUrl' | 'databaseDirectUrl'> & {
  /** The server that they ask; undefined: the database itself. */
  readonly url: string | undefined
  readonly token: string | undefined
  /** Whether the server here has users; else everybody on this machine is one. */
  readonly hasUsers: boolean
}

/** @throws ConfigError with one sentence for each mistake */
export const readCliConfig = (
  env: Readonly<Record<string, string | undefined>> = process.env,
  cwd: string = process.cwd(),
): CliConfig => {
  const { OUTLAST_AUTH } = identitySettings
  const settings = {
    ...databaseSettings(cwd),
    OUTLAST_AUTH,
    OUTLAST_URL: text,
    OUTLAST_TOKEN: text,
  }
  const value = parsed(z.object(settings), env)
  return {
    dataDir: value.OUTLAST_DATA_DIR,
    databaseUrl: value.DATABASE_URL,
    databaseDirectUrl: value.DATABASE_DIRECT_URL,
    url: value.OUTLAST_URL,
    token: value.OUTLAST_TOKEN,
    hasUsers: value.OUTLAST_AUTH.length > 0,
  }
}

const parsed = <Schema extends z.ZodType>(
  settings: Schema,
  env: Readonly<Record<string, string | undefined>>,
): z.output<Schema> => {
  const result = settings.safeParse(env)
  if (result.success) return result.data
  throw new ConfigError(result.error.issues.map(({ message }) => message).join('\n'))
}

/** What programs need to be found and to find themselves; nothing that is ours. */
const PROGRAM_VARIABLES = ['PATH', 'HOME', 'SYSTEMROOT', 'USERPROFILE', 'APPDATA', 'TEMP']

/** The environment of programs that are started for an agent. */
export const programEnvironment = (
  env: Readonly<Record<string, string | undefined>> = process.env,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    PROGRAM_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  )

const limitsOf = (env: Readonly<Record<string, string | undefined>>): Limits =>
  resolveLimits(
    Object.fromEntries(
      LIMIT_NAMES.flatMap((name) => {
        const text = env[limitSetting(name)]?.trim()
        return text ? [[name, Number(text)]] : []
      }),
    ),
  )
