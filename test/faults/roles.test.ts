/** Servers that execute nothing and workers that answer nobody, with PostgreSQL and a Redis between them. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { messageParts } from '../support/engine.ts'
import { barrier, finish, text, type Turn } from '../support/fake-provider.ts'
import { needsOwnRedis } from '../support/needs-redis.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { settledRun, stopRun, Tab } from '../support/run-client.ts'
import { startServerProcess } from '../support/server-process.ts'
import { asks, says, silence, startFleet, type Fleet } from './fixtures/fleet.ts'

const textOf = (tab: Tab): string =>
  tab.chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('')

const hasRead = (tab: Tab, words: string) => tab.until(() => textOf(tab).endsWith(words))

/** Says something and falls silent, until it may go on. */
const falters = (before: string, after: string) => {
  const silence = barrier()
  const turn: Turn = [...text(before), silence, ...text(after), finish()]
  return { turn, goOn: silence.barrier.release }
}

describe('two servers and two workers', () => {
  needsOwnRedis()
  let redis: RedisServer
  let fleet: Fleet
  beforeAll(async () => {
    if (!inject('redisStarts')) return
    redis = await startRedis()
    const work = ['work', '--concurrency', '5']
    fleet = await startFleet([['serve'], ['serve'], work, work], { REDIS_URL: redis.url })
  })
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })

  const server = (n: number) => fleet.servers[n]!
  const worker = (n: number) => fleet.servers[2 + n]!
  const holderOf = async (runId: string) => {
    const { leaseHolder } = await fleet.run(runId)
    const n = [0, 1].find((one) => leaseHolder?.includes(`:${worker(one).pid}:`))
    expect(n, `who has the run: ${leaseHolder}`).toBeDefined()
    return n!
  }
  const health = async (n: number) =>
    (await (await fetch(`${server(n).url}/healthz`)).json()) as { redis: string }
  const begin = async (chatId: string, words: string) => {
    const tab = new Tab(chatId)
    await tab.ask(server(0).url, words)
    const reader = new Tab(chatId)
    await reader.attach(server(1).url, tab.runId)
    return { tab, reader }
  }

  it('say what they execute', () => {
    expect(server(0).said).toContain('executes nothing: `outlast work` does')
    expect(worker(0).said).toContain('executes up to 5 runs at a time')
  })

  it('a run is begun on one server, executed by a worker, read on the other one and stopped there', async () => {
    const { turn } = falters('one ', 'two')
    fleet.teach({ count: [[turn]] })
    const { tab, reader } = await begin('counted', 'count')
    await hasRead(reader, 'one ')
    await holderOf(tab.runId)
    expect(await stopRun(server(1).url, { runId: tab.runId })).toBe(true)
    await fleet.provider.connectionClosed(fleet.provider.requests.indexOf(fleet.calls('count')[0]!))
    expect(await reader.closed()).toBe('done')
    expect((await settledRun(server(0).url, 'counted')).run.status).toBe('aborted')
  })

  it('a worker that is killed is replaced by the other one, and no connection to a server breaks', async () => {
    const lost = falters('no ', 'more')
    const kept = falters('north ', 'east')
    fleet.teach({ winds: [[lost.turn, kept.turn]] })
    const { tab, reader } = await begin('killed', 'winds')
    await hasRead(reader, 'no ')
    const n = await holderOf(tab.runId)
    await worker(n).kill()
    await hasRead(reader, 'north ')
    kept.goOn()
    for (const one of [tab, reader]) expect(await one.closed()).toBe('done')
    const { run, message } = await settledRun(server(1).url, 'killed')
    expect(run.status).toBe('succeeded')
    expect(await messageParts(reader.chunks)).toEqual(message.parts)
    await worker(n).start()
  })

  it('a worker that is told to end gives its run to the other one, and no attempt is counted', async () => {
    const { gates } = fleet
    fleet.teach({
      move: [[asks({ name: 'slow', gate: 'slow' })], [falters('moved ', 'on').turn]],
    })
    const { tab, reader } = await begin('moved', 'move')
    await gates.gate('slow').reached
    const n = await holderOf(tab.runId)
    worker(n).signal('SIGTERM')
    gates.gate('slow').release()
    expect(await worker(n).ended()).toBe(0)
    await hasRead(reader, 'moved ')
    expect(await holderOf(tab.runId)).toBe(1 - n)
    expect((await fleet.run(tab.runId)).attempt).toBeLessThanOrEqual(1)
    expect(await stopRun(server(0).url, { runId: tab.runId })).toBe(true)
    expect(await reader.closed()).toBe('done')
    await worker(n).start()
  })

  it('when Redis is killed in the middle of words, readers on both servers get every word once', async () => {
    const ROUNDS = 2
    const words = Array.from({ length: ROUNDS * 100 }, (_, n) => `w${n + 1} `)
    const isBack = Array.from({ length: ROUNDS }, () => barrier())
    const turn: Turn = words.flatMap((word, n) => [
      ...text(word),
      // The last words of a round come when Redis is there again; all others whatever it does.
      n % 100 === 80 ? isBack[Math.floor(n / 100)]! : silence(10),
    ])
    fleet.teach({ words: [[[...turn, finish()]]] })
    const { tab, reader } = await begin('words', 'words')
    for (const [round, { barrier: back }] of isBack.entries()) {
      for (const one of [tab, reader])
        await one.until(() => textOf(one).includes(` w${round * 100 + 20} `))
      await redis.kill()
      for (const one of [tab, reader]) await hasRead(one, ` w${round * 100 + 81} `)
      await redis.start()
      for (const n of [0, 1])
        await expect.poll(() => health(n), { timeout: 40_000 }).toMatchObject({ redis: 'ok' })
      back.release()
    }
    for (const one of [tab, reader]) {
      expect(await one.closed()).toBe('done')
      expect(textOf(one)).toBe(words.join(''))
      expect(one.chunks.filter(({ type }) => type === 'reset-step')).toEqual([])
    }
    expect(fleet.calls('words')).toHaveLength(1)
    const { run, message } = await settledRun(server(1).url, 'words')
    expect(run.status).toBe('succeeded')
    for (const one of [tab, reader]) expect(await messageParts(one.chunks)).toEqual(message.parts)
  })

  it('while Redis is dead runs begin, are read and are stopped; health says so', async () => {
    await redis.kill()
    await expect.poll(() => health(0)).toMatchObject({ redis: 'away' })
    const ready = await fetch(`${server(1).url}/readyz`)
    expect(ready.status).toBe(200)
    fleet.teach({ hello: [[says('Hello')]] })
    const { reader } = await begin('without', 'hello')
    expect(await reader.closed()).toBe('done')
    expect((await settledRun(server(1).url, 'without')).run.status).toBe('succeeded')
    await redis.start()
    await expect.poll(() => health(0)).toMatchObject({ redis: 'ok' })
    const { turn } = falters('back ', 'again')
    fleet.teach({ again: [[turn]] })
    const { tab, reader: other } = await begin('again', 'again')
    await hasRead(other, 'back ')
    expect(await stopRun(server(1).url, { runId: tab.runId })).toBe(true)
    expect(await other.closed()).toBe('done')
  })
})

it('a server that executes nothing says that runs wait for a worker, which takes them when it comes', async () => {
  await using fleet = await startFleet([['serve', '--concurrency', '0']])
  const [server] = fleet.servers
  fleet.teach({ hello: [[says('Hello')]] })
  const tab = new Tab('lonely')
  const asked = tab.ask(server!.url, 'hello')
  await expect.poll(() => server!.said, { timeout: 60_000 }).toContain('start outlast work')
  await using _worker = await startServerProcess({ env: fleet.env, words: ['work'] })
  await asked
  expect(await tab.closed()).toBe('done')
}, 120_000)
