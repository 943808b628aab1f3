/** The processes of a fleet: each with its own way to the database and to Redis. */
import { startServerProcess, type ServerProcess } from '../../test/support/server-process.ts'
import { freePort } from '../../test/support/ports.ts'
import type { Exit } from '../adapter.ts'
import type { Fleet, Role } from '../fleet.ts'
import { startProxy, type Proxy } from './proxy.ts'

export type MembersOptions = Fleet & {
  readonly databaseUrl: string
  /** Whether nothing that processes say to each other over the database arrives: then they look. */
  readonly deaf: boolean
  readonly redisUrl: string | undefined
  /** Runs that a worker executes at a time. */
  readonly concurrency: number
  /** Of every process, beside what is said here. */
  readonly env: Readonly<Record<string, string>>
  /** Hears what the processes say on their error stream when they end. */
  readonly onSaid?: (process: number, said: string) => void
}

/** Where nobody listens. */
const NOWHERE = 'postgres://127.0.0.1:1/nowhere'

/** Longer than the grace that the server gives its own work. */
const OBEY_MS = 40_000

export type Member = {
  readonly database: Proxy
  readonly redis: Proxy | undefined
  readonly server: ServerProcess
  /** Set while it may end. */
  ending: boolean
}

export class Members implements AsyncDisposable {
  readonly all: Member[] = []
  readonly exits: Exit[] = []
  readonly #options: MembersOptions
  readonly #stack = new AsyncDisposableStack()

  constructor(options: MembersOptions) {
    this.#options = options
  }

  async startAll(): Promise<void> {
    for (const [process, role] of this.#options.roles.entries()) {
      this.all.push(await this.#open(process, role))
      this.#watch(process)
    }
  }

  async kill(process: number): Promise<void> {
    const member = this.all[process]!
    member.ending = true
    this.#hear(process)
    await member.server.kill()
  }

  async terminate(process: number): Promise<void> {
    const { server } = Object.assign(this.all[process]!, { ending: true })
    server.signal('SIGTERM')
    // One that does not obey is killed, and that is an exit code too.
    const impatience = setTimeout(() => server.signal('SIGKILL'), OBEY_MS)
    const code = await server.ended()
    clearTimeout(impatience)
    this.#hear(process)
    if (code !== 0) this.exits.push({ process, at: Date.now(), code, said: server.said })
  }

  async start(process: number): Promise<void> {
    const member = this.all[process]!
    try {
      await member.server.start()
    } catch (error) {
      this.exits.push({ process, at: Date.now(), code: null, said: String(error) })
      return
    }
    member.ending = false
    this.#watch(process)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [process, member] of this.all.entries()) {
      member.ending = true
      this.#hear(process)
    }
    await this.#stack.disposeAsync()
  }

  async #open(process: number, role: Role): Promise<Member> {
    const { databaseUrl, deaf, redisUrl, concurrency, env } = this.#options
    const database = this.#stack.use(await startProxy(databaseUrl))
    const redis = redisUrl === undefined ? undefined : this.#stack.use(await startProxy(redisUrl))
    const server = await startServerProcess({
      words: wordsOf(role, concurrency),
      env: {
        ...env,
        PORT: String(await freePort()),
        DATABASE_URL: database.url,
        ...(deaf ? { DATABASE_DIRECT_URL: NOWHERE } : {}),
        ...(redis ? { REDIS_URL: redis.url } : {}),
        CHAOS_PROCESS: String(process),
      },
    })
    return { database, redis, server: this.#stack.use(server), ending: false }
  }

  /** Reports an end that nobody wanted. */
  #watch(process: number): void {
    const member = this.all[process]!
    const { server } = member
    const { pid } = server
    void server.ended().then((code) => {
      if (member.ending || server.pid !== pid) return
      this.exits.push({ process, at: Date.now(), code, said: server.said })
    })
  }

  #hear(process: number): void {
    this.#options.onSaid?.(process, this.all[process]!.server.said)
  }
}

const wordsOf = (role: Role, concurrency: number): string[] => {
  switch (role) {
    case 'both':
      return []
    case 'server':
      return ['serve', '--concurrency', '0']
    case 'worker':
      return ['work', '--concurrency', String(concurrency)]
    default:
      return role satisfies never
  }
}
