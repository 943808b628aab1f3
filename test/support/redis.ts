/** Redis for the tests: one that is there already, and servers of their own that can be broken. Valkey is as good. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { makeCertificates, type Certificates } from './certificates.ts'
import { eventually } from './eventually.ts'
import { freePort } from './ports.ts'

export type RedisServer = AsyncDisposable & {
  /** Of a user who may do everything. */
  readonly url: string
  readonly port: number
  /** The address for one of its users. */
  urlOf(user: string, password: string): string
  /** The file of the authority that vouches for it, for NODE_EXTRA_CA_CERTS; undefined without TLS. */
  readonly ca: string | undefined
  /** SIGKILL; resolves when it is dead. */
  kill(): Promise<void>
  /** A dead one again, on the same port, empty; resolves when it takes connections. */
  start(): Promise<void>
  /** SIGSTOP: connections stay open and nothing is answered, until `thaw`. */
  freeze(): void
  thaw(): void
  /** CLIENT PAUSE: for so many milliseconds no command of anybody is executed. */
  pause(ms: number): Promise<void>
  /** FLUSHALL. */
  flush(): Promise<void>
  /** It becomes a replica of that one; resolves when it has all of it. */
  follow(primary: RedisServer): Promise<void>
  /** A replica becomes a server of its own. */
  promote(): Promise<void>
  /** Ends it in good order. */
  stop(): Promise<void>
}

export type RedisOptions = {
  /** Whose server it is: of those on the PATH the first one unless set. */
  readonly binary?: RedisBinary
  /** More of the server's own settings, as its command line takes them: `['--maxmemory', '2mb']`. */
  readonly settings?: readonly string[]
  /** It speaks TLS only, with a certificate that nobody trusts who is not told to. */
  readonly tls?: boolean
  /** More users, each in the words of ACL SETUSER: `'ann on >password ~hers:* +@all'`. */
  readonly users?: readonly string[]
}

const OLDEST = 7
const BINARIES = ['redis-server', 'valkey-server'] as const

export type RedisBinary = (typeof BINARIES)[number]

/**
 * The server of TEST_REDIS_URL, or one on 127.0.0.1:6379 that wants no password.
 * @throws when TEST_REDIS_URL is set and cannot be used
 */
export const findRedis = async (): Promise<string | undefined> => {
  const given = process.env['TEST_REDIS_URL']
  const url = given || 'redis://127.0.0.1:6379'
  const problem = await whyUnusable(url)
  if (problem === undefined) return url
  if (given) throw new Error(`TEST_REDIS_URL cannot be used: ${problem}.`)
  return undefined
}

/** @returns the path of a `redis-server` or `valkey-server`, or of the one that is named, if this machine has it */
export const findRedisBinary = (names: readonly RedisBinary[] = BINARIES): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable)

/**
 * Starts a server of its own that keeps nothing on disk.
 * @example await using redis = await startRedis()
 */
export const startRedis = async ({
  binary: name,
  settings = [],
  tls = false,
  users = [],
}: RedisOptions = {}): Promise<RedisServer> => {
  const names = name === undefined ? BINARIES : [name]
  const binary = findRedisBinary(names)
  if (binary === undefined)
    throw new Error(`There is no ${names.join(' or ')} on the PATH: install one.`)
  const folder = await mkdtemp(join(tmpdir(), 'outlast-redis-'))
  const port = await freePort()
  const secured = tls ? await makeCertificates(folder) : undefined
  const url = `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`
  const flags = [
    ...(secured ? tlsFlags(port, secured) : ['--port', String(port)]),
    ...['--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
    ...users.flatMap((user) => ['--user', ...user.split(' ')]),
    ...settings,
  ]
  const asked = (question: (redis: Redis) => Promise<unknown>) =>
    ask(url, async (redis) => void (await question(redis)), secured?.ca)
  let server: ChildProcess
  // Without this a run that ends by process.exit would leave the server behind.
  const killAtExit = () => void server.kill('SIGKILL')

  const start = async () => {
    server = await startServer(binary, flags)
  }
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    // A frozen one hears nothing but SIGKILL.
    server.kill('SIGCONT')
    await exited
  }
  const stop = async () => {
    await end('SIGTERM')
    process.off('exit', killAtExit)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await start()
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  process.once('exit', killAtExit)
  return {
    url,
    port,
    urlOf: (user, password) => url.replace('://', `://${user}:${password}@`),
    ca: secured?.ca,
    kill: () => end('SIGKILL'),
    start,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    pause: (ms) => asked((redis) => redis.client('PAUSE', ms, 'ALL')),
    flush: () => asked((redis) => redis.flushall()),
    follow: (primary) =>
      asked(async (redis) => {
        await redis.replicaof('127.0.0.1', primary.port)
        await eventually(async () =>
          expect(await redis.info('replication')).toContain('master_link_status:up'),
        )
      }),
    promote: () => asked((redis) => redis.replicaof('NO', 'ONE')),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const tlsFlags = (port: number, { ca, certificate, key }: Certificates): readonly string[] => [
  ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
  ...['--tls-ca-cert-file', ca, '--tls-cert-file', certificate, '--tls-key-file', key],
]

const startServer = async (binary: string, flags: readonly string[]): Promise<ChildProcess> => {
  const server = spawn(binary, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('exit', () => reject(new Error(`${binary} ended while starting: ${said}`)))
    createInterface({ input: server.stdout }).on('line', (line) => {
      if (line.includes('Ready to accept connections')) resolve()
      said = `${said}${line}\n`.slice(-4_000)
    })
  })
  return server
}

const ask = async <T>(
  url: string,
  question: (redis: Redis) => Promise<T>,
  ca?: string,
): Promise<T> => {
  const redis = new Redis(url, {
    ...(ca === undefined ? {} : { tls: { ca: await readFile(ca) } }),
    lazyConnect: true,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let problem: Error | undefined
  // What it says of its connection is the reason; what it throws says only that there is none.
  redis.on('error', (error) => (problem ??= error))
  try {
    await redis.connect()
    return await question(redis)
  } catch (error) {
    throw problem ?? error
  } finally {
    redis.disconnect()
  }
}

/** Says what keeps a server from being used, or undefined when it can be. */
const whyUnusable = async (url: string): Promise<string | undefined> => {
  try {
    const info = await ask(url, (redis) => redis.info('server'))
    // Valkey says here which Redis it can stand in for.
    const version = /^redis_version:(\d+)/m.exec(info)?.[1]
    return Number(version) >= OLDEST ? undefined : `the server is older than Redis ${OLDEST}`
  } catch (error) {
    return error instanceof Error && error.message ? error.message : String(error)
  }
}

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
