/** A reader that comes when a long run is over: what it is sent and how soon, against a replay of all chunks. */
import type { ContenderName, Contenders } from '../contenders.ts'
import type { Script } from '../script.ts'
import { median } from '../statistics.ts'
import { runFeed, runStream } from './addresses.ts'

export type LateOptions = {
  readonly steps: number
  /** Of each step. */
  readonly deltas: number
  readonly rounds: number
}

export type LateResult = {
  readonly contender: ContenderName
  /** `replay`: a log of raw chunks; `stream`: that of the run; `feed`: beside everything else on one connection. */
  readonly how: 'replay' | 'stream' | 'feed'
  readonly bytes: number
  readonly firstWordMs: number
  readonly ms: number
}

export const measureLate = async (
  { bare, clients, durable, check }: Contenders,
  { steps, deltas, rounds }: LateOptions,
): Promise<LateResult[]> => {
  const script: Script = { steps, deltas, everyMs: 0 }
  const repeat = async (
    contender: ContenderName,
    how: LateResult['how'],
    url: string,
    until: string,
  ): Promise<LateResult> => {
    const reads = []
    for (let round = 0; round < rounds; round++) reads.push(await clients.read(url, {}, until))
    return {
      contender,
      how,
      bytes: median(reads.map(({ bytes }) => bytes)),
      firstWordMs: median(reads.map(({ firstWordMs }) => firstWordMs)),
      ms: median(reads.map(({ ms }) => ms)),
    }
  }
  await bare.call.recordReplay({ ...script, steps: 1, deltas: steps * deltas })
  const results = [await repeat(bare.name, 'replay', `${bare.url}/replay`, '[DONE]')]
  for (const server of durable) {
    const [run] = await clients.hold(server.url, script, 1)
    await clients.endedDelays()
    results.push(await repeat(server.name, 'stream', runStream(server, run!), '[DONE]'))
    results.push(await repeat(server.name, 'feed', runFeed(server, run!), '"type":"end"'))
  }
  await check()
  return results
}
