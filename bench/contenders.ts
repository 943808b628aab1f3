/** The servers that are compared, each a process of its own, and the process of their clients. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientMethods } from './clients/main.ts'
import { createBenchDatabase, type BenchDatabase } from './postgres.ts'
import { startChild, type Child } from './rpc.ts'
import type { BareMethods } from './servers/bare.ts'
import type { DurableMethods } from './servers/durable.ts'

export type ContenderName = 'bare' | 'PGlite' | 'PostgreSQL'

export type Contender = {
  readonly name: ContenderName
  readonly url: string
  readonly call: Child<Pick<DurableMethods, 'cpuMs' | 'memory' | 'release'>>['call']
  /** Of its database, where that is another process. */
  readonly databaseCpuMs: () => Promise<number | undefined>
}

export type Contenders = AsyncDisposable & {
  readonly bare: Contender & { readonly call: Child<BareMethods>['call'] }
  readonly durable: readonly Contender[]
  readonly all: readonly Contender[]
  readonly clients: Child<ClientMethods>['call']
  readonly postgres: string
  /** @throws what went wrong in a server while nobody looked */
  check(): Promise<void>
}

const BARE = new URL('servers/bare.ts', import.meta.url)
const DURABLE = new URL('servers/durable.ts', import.meta.url)
const CLIENTS = new URL('clients/main.ts', import.meta.url)

/** @param profile - folder for the CPU profiles of the servers */
export const startContenders = async (adminUrl: string, profile?: string): Promise<Contenders> => {
  await using stack = new AsyncDisposableStack()
  const execArgv = (name: string) =>
    profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, name)}`]
  const database = stack.use(await createBenchDatabase(adminUrl))
  const folder = await mkdtemp(join(tmpdir(), 'outlast-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const clients = stack.use(await startChild<ClientMethods>(CLIENTS))
  const bare = stack.use(await startChild<BareMethods>(BARE, [], execArgv('bare')))
  const durables: Contender[] = []
  const children: Child<DurableMethods>[] = []
  for (const [name, where] of [
    ['PGlite', join(folder, 'data')],
    ['PostgreSQL', database.url],
  ] as const) {
    const child = stack.use(await startChild<DurableMethods>(DURABLE, [where], execArgv(name)))
    children.push(child)
    durables.push(await contender(name, child, name === 'PostgreSQL' ? database : undefined))
  }
  const first = { ...(await contender('bare', bare)), call: bare.call }
  const stop = stack.move()
  return {
    bare: first,
    durable: durables,
    all: [first, ...durables],
    clients: clients.call,
    postgres: database.version,
    async check() {
      const errors = await Promise.all(children.map(({ call }) => call.takeErrors()))
      const [error] = errors.flat()
      if (error !== undefined) throw new Error(`A durable server reported: ${error}`)
    },
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  }
}

const contender = async (
  name: ContenderName,
  { call }: Child<Pick<DurableMethods, 'cpuMs' | 'memory' | 'release' | 'url'>>,
  database?: BenchDatabase,
): Promise<Contender> => ({
  name,
  call,
  url: await call.url(),
  databaseCpuMs: async () => database?.cpuMs(),
})
