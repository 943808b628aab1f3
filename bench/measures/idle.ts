/** Connections that follow everything while nothing happens: what one takes, and what all of them cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender, ContenderName, Contenders } from '../contenders.ts'
import { USERS } from '../script.ts'
import { times } from './addresses.ts'
import { settledMemory } from './memory.ts'

export type IdleOptions = {
  readonly connections: number
  /** How long nothing happens. */
  readonly ms: number
}

export type IdleResult = {
  readonly contender: ContenderName
  readonly connections: number
  readonly heapBytes: number
  readonly rssBytes: number
  /** In a thousand ms, without connections and with all of them. */
  readonly cpuMs: { readonly none: number; readonly all: number }
  /** Of the database's own processes, with all connections; undefined where it has none, or they are not to be seen. */
  readonly databaseMs: number | undefined
}

export const measureIdle = async (
  contenders: Contenders,
  options: IdleOptions,
): Promise<IdleResult[]> => {
  const results: IdleResult[] = []
  for (const contender of contenders.all)
    results.push(await oneServer(contenders, contender, options))
  await contenders.check()
  return results
}

const oneServer = async (
  { bare, clients }: Contenders,
  contender: Contender,
  { connections, ms }: IdleOptions,
): Promise<IdleResult> => {
  const [path, until] =
    contender.name === bare.name ? ['/follow', '\n\n'] : ['/ai-chat/follow', '"type":"states"']
  const before = await settledMemory(contender)
  const none = await idle(contender, ms)
  const url = `${contender.url}${path}`
  await clients.watch(
    times(connections, (index) => ({ url, user: index % USERS })),
    until,
  )
  const after = await settledMemory(contender)
  const all = await idle(contender, ms)
  await clients.leave()
  await settledMemory(contender)
  return {
    contender: contender.name,
    connections,
    heapBytes: (after.heapBytes - before.heapBytes) / connections,
    rssBytes: (after.rssBytes - before.rssBytes) / connections,
    cpuMs: { none: none.cpuMs, all: all.cpuMs },
    databaseMs: all.databaseMs,
  }
}

/** CPU in a thousand ms in which nobody asks anything. */
const idle = async ({ call, databaseCpuMs }: Contender, ms: number) => {
  const before = { cpu: await call.cpuMs(), database: await databaseCpuMs() }
  await sleep(ms)
  const after = { cpu: await call.cpuMs(), database: await databaseCpuMs() }
  const share = 1000 / ms
  const databaseMs = (after.database ?? Number.NaN) - (before.database ?? Number.NaN)
  return {
    cpuMs: (after.cpu - before.cpu) * share,
    // What a connection has cost is not to be seen any more when the pool has closed it.
    databaseMs: databaseMs >= 0 ? databaseMs * share : undefined,
  }
}
