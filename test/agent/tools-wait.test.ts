import { asSchema } from 'ai'
import { describe, expect, it } from 'vitest'
import { toolOptions as options } from './support/tool-output.ts'
import { waitTool } from '../../src/agent/tools/wait.ts'

type Waited = { waitedMs: number; totalMs: number }
const run = (seconds: number, abortSignal?: AbortSignal): AsyncGenerator<Waited> =>
  waitTool.execute(
    { seconds },
    abortSignal ? { ...options, abortSignal } : options,
  ) as AsyncGenerator<Waited>

const collect = async (source: AsyncIterable<Waited>): Promise<Waited[]> => {
  const values: Waited[] = []
  for await (const value of source) values.push(value)
  return values
}

describe('the wait tool', () => {
  it('reports the time that passed until the total is reached', async () => {
    expect(await collect(run(1.05))).toEqual([
      { waitedMs: 0, totalMs: 1_050 },
      { waitedMs: 1_000, totalMs: 1_050 },
      { waitedMs: 1_050, totalMs: 1_050 },
    ])
  })

  it('is over at once when there is nothing to wait for', async () => {
    expect(await collect(run(0))).toEqual([{ waitedMs: 0, totalMs: 0 }])
  })

  it('ends with the reason of an abort and leaves no timer', async () => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const stop = new AbortController()
    const waiting = run(600, stop.signal)
    await waiting.next()
    const second = waiting.next()
    stop.abort({ kind: 'stop' })
    await expect(second).rejects.toEqual({ kind: 'stop' })
    expect(timers()).toBe(before)
  })

  it('starts nothing when it is aborted already', async () => {
    await expect(run(600, AbortSignal.abort('stopped')).next()).rejects.toBe('stopped')
  })

  it('accepts at most ten minutes', async () => {
    const schema = asSchema(waitTool.inputSchema)
    const parsed = [0, 600, 601, -1, NaN].map(async (seconds) => schema.validate?.({ seconds }))
    const results = await Promise.all(parsed)
    expect(results.map((result) => result?.success)).toEqual([true, true, false, false, false])
  })
})
