/** Memory of a run in the middle of its answer, and of one more reader of it, as the slope between few and many. */
import type { Contender, ContenderName, Contenders } from '../contenders.ts'
import { runStream, times } from './addresses.ts'
import type { Script } from '../script.ts'

export type MemoryOptions = { readonly few: number; readonly many: number }

export type MemoryResult = {
  readonly contender: ContenderName
  /**
   * `run`: nobody reads it; `read run`: its first reader is there; `reader`: one more reader of a run, of the bare server one
   * open answer.
   */
  readonly of: 'run' | 'read run' | 'reader'
  readonly heapBytes: number
  readonly rssBytes: number
}

/** Half of an answer of 1000 words has been said. */
const SCRIPT: Script = { steps: 1, deltas: 1000, everyMs: 1, holdAfter: 500 }
/** The words before it have been said when a reader has this. */
const BEGUN = 'text-delta'

export const measureMemory = async (
  contenders: Contenders,
  options: MemoryOptions,
): Promise<MemoryResult[]> => {
  const results: MemoryResult[] = []
  for (const contender of contenders.all) {
    const measure = { contenders, contender, options }
    results.push(await slopeOf(measure, 'read run', false))
    if (contender.name !== 'bare') results.push(await slopeOf(measure, 'run', true))
    results.push(await readerSlope(measure))
  }
  await contenders.check()
  return results
}

type Measure = {
  readonly contenders: Contenders
  readonly contender: Contender
  readonly options: MemoryOptions
}

const slopeOf = async (
  { contenders: { clients }, contender, options: { few, many } }: Measure,
  of: MemoryResult['of'],
  leaves: boolean,
): Promise<MemoryResult> => {
  const begin = async (count: number) => {
    await clients.hold(contender.url, SCRIPT, count)
    if (leaves) await clients.leave()
    return settledMemory(contender)
  }
  const less = await begin(few)
  const more = await begin(many - few)
  await end(clients, contender)
  return slope(contender, of, less, more, many - few)
}

const readerSlope = async ({
  contenders: { clients },
  contender,
  options: { few, many },
}: Measure): Promise<MemoryResult> => {
  const url =
    contender.name === 'bare'
      ? `${contender.url}/follow`
      : runStream(contender, (await clients.hold(contender.url, SCRIPT, 1))[0]!)
  await clients.watch(
    times(few, () => ({ url })),
    BEGUN,
  )
  const less = await settledMemory(contender)
  await clients.watch(
    times(many - few, () => ({ url })),
    BEGUN,
  )
  const more = await settledMemory(contender)
  await end(clients, contender)
  return slope(contender, 'reader', less, more, many - few)
}

export type Memory = { readonly heapBytes: number; readonly rssBytes: number }

const MOST_LOOKS = 10

/** When the words that are due have been said and every garbage is collected; a server that is never at rest is seen at its best. */
export const settledMemory = async ({ call }: Contender): Promise<Memory> => {
  const seen = [await call.memory()]
  while (seen.length < MOST_LOOKS) {
    const next = await call.memory()
    if (Math.abs(next.heapBytes - seen.at(-1)!.heapBytes) < 100_000) return next
    seen.push(next)
  }
  return seen.reduce((best, one) => (one.heapBytes < best.heapBytes ? one : best))
}

const end = async (clients: Contenders['clients'], contender: Contender): Promise<void> => {
  await contender.call.release()
  await clients.leave()
  await settledMemory(contender)
}

const slope = (
  { name }: Contender,
  of: MemoryResult['of'],
  less: Memory,
  more: Memory,
  count: number,
): MemoryResult => ({
  contender: name,
  of,
  heapBytes: (more.heapBytes - less.heapBytes) / count,
  rssBytes: (more.rssBytes - less.rssBytes) / count,
})
