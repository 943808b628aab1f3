/** Redis has a replica that takes its place, under the same name: servers and workers go on with that one. */
import { expect, inject, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { messageParts } from '../support/engine.ts'
import { barrier, finish, text } from '../support/fake-provider.ts'
import { needsOwnRedis } from '../support/needs-redis.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { settledRun, stopRun, Tab } from '../support/run-client.ts'
import { proxyTo, type TcpProxy } from '../store/fixtures/tcp-proxy.ts'
import { says, settledRow, startFleet, type Fleet } from './fixtures/fleet.ts'

needsOwnRedis()

type Pair = {
  readonly name: TcpProxy
  readonly primary: RedisServer
  readonly replica: RedisServer
}

const textOf = (tab: Tab): string =>
  tab.chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('')

const health = async ({ servers }: Fleet) =>
  Promise.all(servers.slice(0, 2).map(async ({ url }) => (await fetch(`${url}/healthz`)).json()))

const isBack = (fleet: Fleet) =>
  expect
    .poll(() => health(fleet), { timeout: 40_000 })
    .toMatchObject([{ redis: 'ok' }, { redis: 'ok' }])

const asked = async (fleet: Fleet, chatId: string): Promise<Tab> => {
  fleet.teach({ [chatId]: [[says(`Done: ${chatId}.`)]] })
  const tab = new Tab(chatId)
  await tab.ask(fleet.servers[0]!.url, chatId)
  return tab
}

it.each([
  {
    how: 'dies, and what was said to it last is lost',
    fail: async ({ name, primary, replica }: Pair, meanwhile: () => Promise<void>) => {
      await replica.promote()
      await meanwhile()
      name.leadTo(replica.url)
      await primary.kill()
    },
  },
  {
    how: 'changes places with its replica, and takes nothing any more over connections that stay open',
    fail: async ({ name, primary, replica }: Pair, meanwhile: () => Promise<void>) => {
      await meanwhile()
      await replica.promote()
      name.leadTo(replica.url)
      await primary.follow(replica)
    },
  },
])('no run is lost or done twice when Redis $how', async ({ fail }) => {
  expect(inject('redisStarts')).toBe(true)
  const settings = ['--repl-diskless-sync-delay', '0']
  await using primary = await startRedis({ settings })
  await using replica = await startRedis({ settings })
  await replica.follow(primary)
  await using name = await proxyTo(primary.url)
  const work = ['work', '--concurrency', '1']
  await using fleet = await startFleet([['serve'], ['serve'], work, work], { REDIS_URL: name.url })
  await isBack(fleet)

  // Both workers are busy, so that all other runs wait in the queue.
  const long = await Promise.all(
    ['north', 'south'].map(async (chatId) => {
      const silence = barrier()
      fleet.teach({ [chatId]: [[[...text('before '), silence, ...text('after'), finish()]]] })
      const tab = new Tab(chatId)
      await tab.ask(fleet.servers[0]!.url, chatId)
      const reader = new Tab(chatId)
      await reader.attach(fleet.servers[1]!.url, tab.runId)
      await reader.until(() => textOf(reader) === 'before ')
      return { chatId, reader, goOn: silence.barrier.release }
    }),
  )
  const waiting = [await asked(fleet, 'early-one'), await asked(fleet, 'early-two')]
  await fail({ name, primary, replica }, async () => {
    waiting.push(await asked(fleet, 'late-one'), await asked(fleet, 'late-two'))
  })
  await isBack(fleet)
  for (const { goOn } of long) goOn()
  for (const { chatId, reader } of long) {
    expect(await reader.closed()).toBe('done')
    const { run, message } = await settledRun(fleet.servers[1]!.url, chatId)
    expect(run.status).toBe('succeeded')
    expect(await messageParts(reader.chunks)).toEqual(message.parts)
  }
  for (const tab of waiting) {
    expect((await settledRow(fleet, tab)).status).toBe('succeeded')
    expect(fleet.calls(tab.chatId)).toHaveLength(1)
  }
  for (const { chatId } of long) expect(fleet.calls(chatId)).toHaveLength(1)

  const silence = barrier()
  fleet.teach({ last: [[[...text('so '), silence, finish()]]] })
  const tab = new Tab('last')
  await tab.ask(fleet.servers[0]!.url, 'last')
  const reader = new Tab('last')
  await reader.attach(fleet.servers[1]!.url, tab.runId)
  await reader.until(() => textOf(reader) === 'so ')
  expect(await stopRun(fleet.servers[1]!.url, { runId: tab.runId })).toBe(true)
  expect(await reader.closed()).toBe('done')
  // Each outage is told with its end.
  for (const server of fleet.servers)
    await eventually(() => {
      const told = server.said.match(/^(While using Redis|Redis answers again)/gm) ?? []
      expect(told.length).toBeGreaterThan(0)
      expect(told).toEqual(
        told.map((_, n) => (n % 2 ? 'Redis answers again' : 'While using Redis')),
      )
      expect(told.at(-1)).toBe('Redis answers again')
    })
})
