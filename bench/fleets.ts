/** The set-ups that grow out of each other: one process, servers and workers on PostgreSQL alone, and the same with Redis. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { startRedis } from '../test/support/redis.ts'
import type { ClientMethods } from './clients/main.ts'
import { createBenchDatabase, type BenchDatabase, type DatabaseWork } from './postgres.ts'
import { startChild, type Child } from './rpc.ts'
import type { DurableMethods, DurableRole } from './servers/durable.ts'
import { sum } from './statistics.ts'

export type FleetName =
  'embedded' | 'PostgreSQL, one process' | 'PostgreSQL' | 'PostgreSQL and Redis'

/** What a set-up has done so far; what another machine does cannot be seen, and is left out. */
export type FleetWork = {
  readonly serverCpuMs: number
  readonly workerCpuMs: number
  readonly databaseCpuMs: number | undefined
  readonly database: DatabaseWork | undefined
  readonly redis: RedisWork | undefined
}

export type RedisWork = {
  readonly cpuMs: number
  readonly commands: number
  /** Of what it was sent. */
  readonly bytes: number
}

export type Fleet = {
  readonly name: FleetName
  /** Of the server that clients talk to. */
  readonly url: string
  /** What executes the runs. */
  readonly worker: Child<DurableMethods>['call']
  readonly work: () => Promise<FleetWork>
  /** What went wrong in the background since this was asked last. */
  readonly takeErrors: () => Promise<readonly string[]>
}

export type Fleets = AsyncDisposable & {
  readonly all: readonly Fleet[]
  readonly clients: Child<ClientMethods>['call']
}

const DURABLE = new URL('servers/durable.ts', import.meta.url)
const CLIENTS = new URL('clients/main.ts', import.meta.url)

/** @param profile - folder for the CPU profiles of the servers and workers */
export const startFleets = async (adminUrl: string, profile?: string): Promise<Fleets> => {
  await using stack = new AsyncDisposableStack()
  const clients = stack.use(await startChild<ClientMethods>(CLIENTS))
  const folder = await mkdtemp(join(tmpdir(), 'outlast-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const redis = stack.use(await startRedis())
  const watcher = new Redis(redis.url)
  stack.defer(() => watcher.disconnect())
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const start = async (where: string, role: DurableRole = {}) =>
    stack.use(await startChild<DurableMethods>(DURABLE, [where, JSON.stringify(role)], flags))

  const alone = await start(join(folder, 'data'))
  const ownDatabase = stack.use(await createBenchDatabase(adminUrl))
  const single = await start(ownDatabase.url)
  const split = async (name: FleetName, role: DurableRole): Promise<Fleet> => {
    const database = stack.use(await createBenchDatabase(adminUrl))
    const server = await start(database.url, { ...role, concurrency: 0 })
    const worker = await start(database.url, { ...role, concurrency: MOST_RUNS })
    const work = role.redis && (() => redisWork(watcher))
    return fleetOf(name, { server, worker, database, redis: work })
  }
  const all = [
    await fleetOf('embedded', { server: alone, worker: alone }),
    await fleetOf('PostgreSQL, one process', {
      server: single,
      worker: single,
      database: ownDatabase,
    }),
    await split('PostgreSQL', {}),
    await split('PostgreSQL and Redis', { redis: { url: redis.url } }),
  ]
  const stop = stack.move()
  return { all, clients: clients.call, [Symbol.asyncDispose]: () => stop.disposeAsync() }
}

/** More than any size that is measured: what is looked for is when words come late, not when runs wait. */
const MOST_RUNS = 5000

type Parts = {
  readonly server: Child<DurableMethods>
  readonly worker: Child<DurableMethods>
  readonly database?: BenchDatabase
  readonly redis?: (() => Promise<RedisWork>) | undefined
}

const fleetOf = async (
  name: FleetName,
  { server, worker, database, redis }: Parts,
): Promise<Fleet> => ({
  name,
  url: await server.call.url(),
  worker: worker.call,
  work: async () => {
    // The database tells a moment later, so it is asked first.
    const told = await database?.work()
    return {
      serverCpuMs: await server.call.cpuMs(),
      // One process that does both is counted once.
      workerCpuMs: worker === server ? 0 : await worker.call.cpuMs(),
      databaseCpuMs: await database?.cpuMs(),
      database: told,
      redis: await redis?.(),
    }
  },
  takeErrors: async () => {
    const processes = server === worker ? [server] : [server, worker]
    return (await Promise.all(processes.map(({ call }) => call.takeErrors()))).flat()
  },
})

const redisWork = async (redis: Redis): Promise<RedisWork> => {
  const info = await redis.info()
  const of = (name: string) => Number(new RegExp(`^${name}:(.*)$`, 'm').exec(info)?.[1])
  return {
    cpuMs: sum([of('used_cpu_user'), of('used_cpu_sys')]) * 1000,
    commands: of('total_commands_processed'),
    bytes: of('total_net_input_bytes'),
  }
}
