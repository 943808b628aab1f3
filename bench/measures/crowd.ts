/** Many readers of one run, and many runs with one reader each, against a server that only writes to as many. */
import type { Contender, ContenderName, Contenders } from '../contenders.ts'
import type { Script } from '../script.ts'
import { median, quantile } from '../statistics.ts'
import { runFeed, runStream, times } from './addresses.ts'
import { settledMemory } from './memory.ts'

export type CrowdOptions = {
  readonly readers: readonly number[]
  readonly deltas: number
  readonly everyMs: number
  readonly onCrowd?: (said: string) => void
}

export type CrowdResult = {
  readonly contender: ContenderName
  readonly of: 'one run' | 'a run each'
  /** `feed`: the run comes beside everything else, on a connection that never ends. */
  readonly by: 'stream' | 'feed'
  readonly readers: number
  /** From the moment in which the model says a word until a reader has it. */
  readonly delayMs: { readonly p50: number; readonly p99: number }
  /** Of the server's process, for each word at each reader; what makes the words is in it. */
  readonly cpuMicrosPerWord: number
  /** Of one reader; the runs are not in it. */
  readonly heapBytes: number
}

type Crowd = Pick<CrowdResult, 'of' | 'by' | 'readers'> & { readonly script: Script }

const BEGUN = 'text-delta'

export const measureCrowd = async (
  contenders: Contenders,
  { readers: counts, deltas, everyMs, onCrowd = () => {} }: CrowdOptions,
): Promise<CrowdResult[]> => {
  const results: CrowdResult[] = []
  const script: Script = { steps: 1, deltas, everyMs, stamped: true }
  for (const readers of counts)
    for (const kind of ['one run', 'a run each'] as const)
      for (const contender of contenders.all)
        for (const by of contender.name === 'bare' ? (['stream'] as const) : WAYS) {
          results.push(await oneCrowd(contenders, contender, { of: kind, by, readers, script }))
          onCrowd(`${readers} readers of ${kind} by ${by}: ${contender.name}`)
        }
  await contenders.check()
  return results
}

const WAYS = ['stream', 'feed'] as const

const oneCrowd = async (
  { bare, clients }: Contenders,
  contender: Contender,
  { of, by, readers, script }: Crowd,
): Promise<CrowdResult> => {
  const isBare = contender.name === bare.name
  const runs = of === 'one run' ? 1 : readers
  const held = isBare ? [] : await clients.hold(contender.url, { ...script, holdAfter: 1 }, runs)
  await clients.leave()
  const without = await settledMemory(contender)
  const addressOf = by === 'stream' ? runStream : runFeed
  const crowd = times(readers, (index) => {
    const run = held[index % runs]
    return run
      ? { url: addressOf(contender, run), user: run.user }
      : { url: `${contender.url}/follow` }
  })
  await clients.watch(crowd, BEGUN)
  const { heapBytes } = await settledMemory(contender)
  const before = await contender.call.cpuMs()
  await (isBare ? bare.call.broadcast(script, of === 'one run') : contender.call.release())
  const delays = await clients.endedDelays()
  const cpuMs = (await contender.call.cpuMs()) - before
  return {
    contender: contender.name,
    of,
    by,
    readers,
    delayMs: { p50: median(delays), p99: quantile(delays, 0.99) },
    cpuMicrosPerWord: (cpuMs * 1000) / delays.length,
    heapBytes: (heapBytes - without.heapBytes) / readers,
  }
}
