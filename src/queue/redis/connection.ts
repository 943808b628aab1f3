/** How Redis is reached: read from a URL once, the same for every connection of this process. */
import { isIP } from 'node:net'
import { Redis } from 'ioredis'
import { ConfigError } from '../../domain/errors.ts'
import { explain } from './failure.ts'

export type RedisAddress = {
  /** Where it is, who we are and how it is secured; nothing of how commands are sent. */
  readonly options: {
    readonly host: string
    readonly port: number
    readonly username?: string
    readonly password?: string
    readonly db: number
    readonly tls?: { readonly servername?: string }
  }
  /** What all our keys and channels begin with. */
  readonly prefix: string
  /** For people: never with a password. */
  readonly host: string
  readonly user: string
}

const DEFAULT_PREFIX = 'outlast'
const DEFAULT_PORT = 6379
const CONNECT_TIMEOUT_MS = 5000
/** Who waits longer is better served by PostgreSQL. */
const COMMAND_TIMEOUT_MS = 1000
/** A connection that owes an answer for so long is taken for dead. */
const SILENCE_MS = 5000
const KEEP_ALIVE_MS = 10_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/** @throws ConfigError when it is none, in a sentence without its password */
export const readRedisAddress = ({
  url: text,
  prefix = DEFAULT_PREFIX,
}: {
  readonly url: string
  readonly prefix?: string | undefined
}): RedisAddress => {
  const url = URL.parse(text)
  const db = url && /^\/?(\d{0,4})$/.exec(url.pathname)?.[1]
  const username = decoded(url?.username)
  const password = decoded(url?.password)
  const isKnown = username !== undefined && password !== undefined
  if (!url || !/^rediss?:$/.test(url.protocol) || typeof db !== 'string' || !isKnown)
    throw new ConfigError(
      'REDIS_URL is not a Redis address: set it to redis://user:password@host:6379/0, or to rediss:// for TLS, with %25 for a percent sign in a password.',
    )
  // Braces would say which keys belong together, and a space ends a line of an ACL.
  if (!/^[\w.:-]{1,64}$/.test(prefix))
    throw new ConfigError(
      'OUTLAST_REDIS_PREFIX may have letters, digits and _ . : - only, and at most 64 of them: set it to a name such as outlast.',
    )
  // An IPv6 address stands in brackets.
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  const port = Number(url.port || DEFAULT_PORT)
  return {
    options: {
      host: hostname,
      port,
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      db: Number(db),
      ...(url.protocol === 'rediss:'
        ? { tls: isIP(hostname) ? {} : { servername: hostname } }
        : {}),
    },
    prefix,
    host: `${url.hostname || hostname}:${port}`,
    user: username || 'the default user',
  }
}

/** @returns undefined for what is no text: a percent sign has to be written as %25 */
const decoded = (text = ''): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    // It says where the mistake is with the password in hand.
    return undefined
  }
}

/** How long the next attempt to connect waits: longer each time, and not at the same moment in all processes. */
export const reconnectDelay = (attempt: number): number => {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
  return Math.round(pause * (0.75 + Math.random() / 2))
}

/** After a failover the name leads to another server: this connection is made anew, and whoever watches says if it is no better. */
export const hasMoved = ({ message }: Error): boolean => message.startsWith('READONLY')

/** What every connection of ours has in common. */
export const connectionOptions = ({ options }: RedisAddress) => ({
  ...options,
  connectionName: 'outlast',
  connectTimeout: CONNECT_TIMEOUT_MS,
  keepAlive: KEEP_ALIVE_MS,
  retryStrategy: reconnectDelay,
  // It would ask INFO on each connection, and complain on the console of a user who may not; one that still loads says so itself.
  enableReadyCheck: false,
  reconnectOnError: hasMoved,
})

/** Commands fail rather than wait: nothing is kept until Redis is back, and nothing is sent twice. */
const IMPATIENT = {
  commandTimeout: COMMAND_TIMEOUT_MS,
  socketTimeout: SILENCE_MS,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
}

/**
 * Connects, and again whenever the connection breaks.
 * @param onError - hears why it broke or could not be made, each time
 */
export const connectRedis = (address: RedisAddress, onError: (error: Error) => void): Redis => {
  const redis = new Redis({ ...connectionOptions(address), ...IMPATIENT })
  redis.on('error', (error: Error) => {
    onError(explain(error, address))
    // The client would go on with database 0, which may be somebody else's.
    if (error.message.startsWith('ERR DB index')) redis.disconnect(true)
  })
  // A connection may also end without a reason.
  redis.on('close', () => onError(explain('the connection ended', address)))
  return redis
}

/** Nobody hears of its end. */
export const disconnectRedis = (redis: Redis): void => {
  redis.removeAllListeners()
  redis.on('error', () => undefined)
  redis.disconnect()
}
