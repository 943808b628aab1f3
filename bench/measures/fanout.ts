/** How late the words of one run come to many readers, against a server that writes the same to all of them. */
import type { ContenderName, Contenders } from '../contenders.ts'
import type { Script } from '../script.ts'
import { median, quantile } from '../statistics.ts'

export type FanoutOptions = { readonly readers: readonly number[]; readonly deltas: number }

export type FanoutResult = {
  readonly contender: ContenderName
  readonly readers: number
  readonly delayMs: { readonly p50: number; readonly p99: number }
  /** Of the server's process, for each word at each reader. */
  readonly cpuMicrosPerWord: number
}

const BEGUN = 'text-delta'

export const measureFanout = async (
  { all, bare, clients }: Contenders,
  { readers: counts, deltas }: FanoutOptions,
): Promise<FanoutResult[]> => {
  const results: FanoutResult[] = []
  const script: Script = { steps: 1, deltas, everyMs: 50, stamped: true }
  for (const readers of counts) {
    for (const { name, url, call } of all) {
      const isBare = name === bare.name
      const ids = isBare ? [] : await clients.hold(url, { ...script, holdAfter: 1 }, 1)
      const stream = isBare ? `${url}/follow` : `${url}/ai-chat/runs/${ids[0]}/stream`
      await clients.watch(stream, readers, BEGUN)
      const before = await call.cpuMs()
      await (isBare ? bare.call.broadcast(script) : call.release())
      const delays = await clients.endedDelays()
      const cpuMs = (await call.cpuMs()) - before
      results.push({
        contender: name,
        readers,
        delayMs: { p50: median(delays), p99: quantile(delays, 0.99) },
        cpuMicrosPerWord: (cpuMs * 1000) / delays.length,
      })
    }
  }
  return results
}
