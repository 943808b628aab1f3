/** A reader that comes back late in a long answer: what it is sent and how long that takes, against a replay of all chunks. */
import type { ContenderName, Contenders } from '../contenders.ts'
import { deltaOf, type Script } from '../script.ts'
import { median, sum } from '../statistics.ts'
import { runStream } from './addresses.ts'

export type ReconnectOptions = { readonly deltas: number; readonly rounds: number }

export type ReconnectResult = {
  readonly contender: ContenderName
  /** `replay`: a log of raw chunks; `reload`: without a position, as after a reload of the page; `offset`: with one. */
  readonly how: 'replay' | 'reload' | 'offset'
  readonly bytes: number
  readonly ms: number
}

type Headers = Readonly<Record<string, string>>

export const measureReconnect = async (
  { bare, clients, durable }: Contenders,
  { deltas, rounds }: ReconnectOptions,
): Promise<ReconnectResult[]> => {
  const script: Script = { steps: 1, deltas: deltas + 1, everyMs: 1, holdAfter: deltas }
  const length = sum(Array.from({ length: deltas }, (_, index) => deltaOf(script, index).length))
  const repeat = async (url: string, headers: Headers, until: string) => {
    const reads = []
    for (let round = 0; round < rounds; round++) reads.push(await clients.read(url, headers, until))
    return { bytes: reads[0]!.bytes, ms: median(reads.map(({ ms }) => ms)) }
  }
  await bare.call.recordReplay({ ...script, deltas })
  const replay = await repeat(`${bare.url}/replay`, {}, '[DONE]')
  const results: ReconnectResult[] = [resultOf(bare.name, 'replay', replay)]
  for (const { name, url, call } of durable) {
    const [run] = await clients.hold(url, script, 1)
    const stream = runStream({ url }, run!)
    const until = `.${length}\n`
    // Reads along while the model speaks.
    const { ids } = await clients.read(stream, {}, until)
    const late = { 'last-event-id': ids[Math.floor((ids.length - 1) * 0.9)]! }
    results.push(resultOf(name, 'reload', await repeat(stream, {}, until)))
    results.push(resultOf(name, 'offset', await repeat(stream, late, until)))
    await call.release()
    await clients.leave()
  }
  return results
}

const resultOf = (
  contender: ContenderName,
  how: ReconnectResult['how'],
  { bytes, ms }: { readonly bytes: number; readonly ms: number },
): ReconnectResult => ({ contender, how, bytes, ms })
