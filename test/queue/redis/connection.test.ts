/** The address of a Redis, and what is said when it does not work. */
import { describe, expect, it } from 'vitest'
import { readRedisAddress, reconnectDelay } from '../../../src/queue/redis/connection.ts'
import { explain } from '../../../src/queue/redis/failure.ts'

const read = (url: string, prefix?: string) => readRedisAddress({ url, prefix })

describe('an address', () => {
  it('says where Redis is, who asks, and which database', () => {
    const { options, host, user, prefix } = read('redis://me:p%40ss@cache.internal:7000/3')
    expect(options).toEqual({
      host: 'cache.internal',
      port: 7000,
      username: 'me',
      password: 'p@ss',
      db: 3,
    })
    expect({ host, user, prefix }).toEqual({
      host: 'cache.internal:7000',
      user: 'me',
      prefix: 'outlast',
    })
  })

  it('needs nothing but a host', () => {
    expect(read('redis://cache').options).toEqual({ host: 'cache', port: 6379, db: 0 })
    expect(read('redis://[::1]:7000').options).toMatchObject({ host: '::1', port: 7000 })
    expect(read('redis://:secret@cache').options).toMatchObject({ password: 'secret' })
  })

  it('asks for TLS, in which the server proves its name', () => {
    expect(read('rediss://cache').options).toMatchObject({ tls: { servername: 'cache' } })
  })

  it.each([
    'cache:6379',
    'http://cache',
    'redis://:secret@cache/name',
    'redis://:secret@cache/1/2',
    'redis://:secret%@cache',
    'redis://%zz:secret@cache',
    '//cache',
  ])('is refused without its password: %s', (url) => {
    expect(() => read(url)).toThrow('REDIS_URL is not a Redis address')
    expect(() => read(url)).not.toThrow('secret')
  })

  it.each(['', 'a b', '{run}', 'x'.repeat(65)])('has no prefix like %j', (prefix) => {
    expect(() => read('redis://cache', prefix)).toThrow('OUTLAST_REDIS_PREFIX')
  })
})

it('attempts to connect come later each time, up to a few seconds', () => {
  const delays = Array.from({ length: 20 }, (_, n) => reconnectDelay(n + 1))
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(75)
  expect(delays[0]).toBeLessThanOrEqual(125)
  expect(Math.max(...delays)).toBeLessThanOrEqual(6250)
  expect(delays.at(-1)).toBeGreaterThanOrEqual(3750)
})

/** As the client throws it: with the command that failed. */
const failure = (message: string, code?: string) =>
  Object.assign(new Error(message), {
    ...(code ? { code } : {}),
    command: { name: 'hello', args: ['3', 'AUTH', 'me', 'secret'] },
  })

describe('a failure', () => {
  const server = { host: 'cache:6379', user: 'me' }
  it.each([
    ['WRONGPASS invalid username-password pair', undefined, 'refused me: check user and password'],
    ['NOAUTH Authentication required.', undefined, 'refused me: check user and password'],
    ["NOPERM User me has no permissions to run the 'get' command", undefined, 'does not let me'],
    ['MOVED 3999 10.0.0.1:6381', undefined, 'Redis Cluster'],
    ["OOM command not allowed when used memory > 'maxmemory'.", undefined, 'is full'],
    ['READONLY You can not write against a read only replica.', undefined, 'is a replica'],
    ['WRONGTYPE Operation against a key', undefined, 'set OUTLAST_REDIS_PREFIX'],
    ['ERR DB index is out of range', undefined, 'has no database of the number that ends'],
    ["ERR unknown command 'X', with args beginning with: 'secret'", undefined, "command 'X')"],
    ['Unknown RESP type 72 "H". Please report this.', undefined, 'at cache:6379 is no Redis'],
    ["Stream isn't writeable and enableOfflineQueue", undefined, '(there is no connection)'],
    ['LOADING Redis is loading the dataset in memory', undefined, 'takes nothing for now'],
    ['connect ECONNREFUSED 10.0.0.1:6379', 'ECONNREFUSED', 'does not answer (ECONNREFUSED)'],
    ['Command timed out', undefined, 'does not answer (Command timed out)'],
    ['self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'set NODE_EXTRA_CA_CERTS'],
    ['unable to verify', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'set NODE_EXTRA_CA_CERTS'],
    ['not in the altnames', 'ERR_TLS_CERT_ALTNAME_INVALID', 'valid for the name in REDIS_URL'],
  ])('is told in a sentence that names the server and no secret: %s', (message, code, sentence) => {
    const told = explain(failure(message, code), server)
    expect(told.message).toContain('cache:6379')
    expect(told.message).toContain(sentence)
    expect(JSON.stringify({ ...told, message: told.message, cause: told.cause })).not.toContain(
      'secret',
    )
  })

  it('keeps what was told already', () => {
    const told = explain(failure('Command timed out'), server)
    expect(explain(told, server)).toBe(told)
  })
})
