/** What processes say of a Redis that is away or refuses them: one line each time, and runs go on over PostgreSQL. */
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { documentedRights } from '../support/documented-rights.ts'
import { needsOwnRedis } from '../support/needs-redis.ts'
import { startRedis, type RedisServer } from '../support/redis.ts'
import { settledRun, Tab } from '../support/run-client.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { says, startFleet, type Fleet } from './fixtures/fleet.ts'

needsOwnRedis()

/** Everything a process has said beside what it is. */
const complaints = ({ said }: ServerProcess): string[] =>
  said.split('\n').filter((line) => line && !/^(Outlast|data|queue|model|executes) /.test(line))

const started = (REDIS_URL: string, env: Readonly<Record<string, string>> = {}): Promise<Fleet> =>
  startFleet([['serve'], ['work']], { REDIS_URL, ...env })

const health = async ({ servers }: Fleet): Promise<unknown> =>
  (await fetch(`${servers[0]!.url}/healthz`)).json()

const answers = async (fleet: Fleet, chatId: string) => {
  fleet.teach({ hello: [[says('Hello')]] })
  const tab = new Tab(chatId)
  await tab.ask(fleet.servers[0]!.url, 'hello')
  expect(await tab.closed()).toBe('done')
  expect((await settledRun(fleet.servers[0]!.url, chatId)).run.status).toBe('succeeded')
}

const BACK = 'Redis answers again, and everything goes over it as before'
const MEANWHILE = 'Until then everything goes on over PostgreSQL, slower.'

it('an outage is one line when it begins and one when it is over, in every process, each time', async () => {
  await using redis = await startRedis()
  await using fleet = await started(redis.url)
  const away = expect.stringMatching(
    new RegExp(
      `^While using Redis: Redis at 127.0.0.1:${redis.port} does not answer .*${MEANWHILE}$`,
    ),
  ) as string
  const back = `${BACK} host=127.0.0.1:${redis.port}`
  await expect.poll(() => health(fleet)).toMatchObject({ redis: 'ok' })
  const expected: string[] = []
  for (const outage of ['first', 'second']) {
    await redis.kill()
    await expect.poll(() => health(fleet)).toMatchObject({ redis: 'away' })
    await answers(fleet, outage)
    await redis.start()
    expected.push(away, back)
    for (const server of fleet.servers)
      await expect.poll(() => complaints(server), { timeout: 40_000 }).toEqual(expected)
    await answers(fleet, `after-${outage}`)
  }
  for (const server of fleet.servers) expect(complaints(server)).toEqual(expected)
})

const RIGHTS = documentedRights().split(' ').slice(1).join(' ')

/** By name, without one of the rights that are documented. */
const USERS = {
  outlast: RIGHTS,
  keyless: RIGHTS.replace('~outlast:*', ''),
  deaf: RIGHTS.replace('&outlast:*', ''),
  nobody: 'reset on >password',
}

describe('a process that is refused says so in one line, without the password', () => {
  const start = (tls = false): Promise<RedisServer> =>
    startRedis({
      tls,
      users: Object.entries(USERS).map(([name, rights]) => `${name} ${rights}`.replace('  ', ' ')),
    })

  const says = async (line: RegExp, url: string) => {
    await using fleet = await started(url)
    await answers(fleet, 'refused')
    for (const server of fleet.servers) await expect.poll(() => complaints(server)).not.toEqual([])
    expect(await health(fleet)).toMatchObject({ redis: 'away' })
    await answers(fleet, 'refused-again')
    for (const server of fleet.servers) {
      expect(complaints(server)).toEqual([expect.stringMatching(line)])
      expect(complaints(server)[0]).toContain(MEANWHILE)
      expect(server.said).not.toMatch(/password@|wr0ng/)
    }
  }

  it('for a wrong password', async () => {
    await using redis = await start()
    await says(
      /^While using Redis: Redis at \S+ refused outlast: check user and password in REDIS_URL\./,
      redis.urlOf('outlast', 'wr0ng'),
    )
  })

  it.each(['keyless', 'deaf', 'nobody'])('for a user without rights: %s', async (user) => {
    await using redis = await start()
    await says(
      new RegExp(
        `^While using Redis: Redis at \\S+ does not let ${user} do all that is needed: give`,
      ),
      redis.urlOf(user, 'password'),
    )
  })

  it.each(['unknown', 'keyless', 'deaf'])(
    'and one more when that is put right, which it finds out by itself: %s',
    async (user) => {
      await using redis = await start()
      await using fleet = await started(redis.urlOf(user, 'password'))
      for (const server of fleet.servers)
        await expect.poll(() => complaints(server)).toHaveLength(1)
      const admin = new Redis(redis.url)
      await admin.call('ACL', 'SETUSER', user, ...RIGHTS.split(' '))
      admin.disconnect()
      for (const server of fleet.servers) {
        await expect.poll(() => complaints(server)[1], { timeout: 40_000 }).toMatch(BACK)
        expect(complaints(server)).toHaveLength(2)
      }
      expect(await health(fleet)).toMatchObject({ redis: 'ok' })
      await answers(fleet, 'put-right')
    },
  )

  it('for a certificate that nobody trusts, and nothing once its authority is trusted', async () => {
    await using redis = await start(true)
    const url = redis.urlOf('outlast', 'password')
    await says(
      /^While using Redis: The certificate of Redis at \S+ is not trusted here \(\w+\): set NODE_EXTRA_CA_CERTS to/,
      url,
    )
    await using fleet = await started(url, { NODE_EXTRA_CA_CERTS: redis.ca! })
    await expect.poll(() => health(fleet)).toMatchObject({ redis: 'ok' })
    await answers(fleet, 'trusted')
    for (const server of fleet.servers) expect(complaints(server)).toEqual([])
  })
})
