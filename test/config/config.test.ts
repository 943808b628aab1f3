import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveLimits } from '../../src/domain/limits.ts'
import { readConfig } from '../../src/config.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'outlast-config-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

describe('the configuration', () => {
  it('works with an empty environment', () => {
    expect(readConfig({}, cwd)).toEqual({
      host: '127.0.0.1',
      port: 3000,
      dataDir: join(cwd, '.outlast'),
      databaseUrl: undefined,
      agentFile: undefined,
      model: 'demo',
      openai: { baseUrl: undefined, apiKey: undefined },
      anthropic: { baseUrl: undefined, apiKey: undefined },
      google: { baseUrl: undefined, apiKey: undefined },
      openaiCompatible: { baseUrl: undefined, apiKey: undefined },
      filesRoot: cwd,
      fetchAllowedHosts: [],
      mcpServers: undefined,
      leaseMs: 10_000,
      limits: resolveLimits(),
      identity: undefined,
      corsOrigins: [],
      requestsPerMinute: 600,
      telemetry: { logFormat: 'text', logLevel: 'warn', metrics: undefined },
    })
  })

  it('takes a limit from its variable, and says what to set instead of a wrong one', () => {
    const { limits } = readConfig({ OUTLAST_MAX_FILE_BYTES: '5', OUTLAST_MAX_READERS: '' }, cwd)
    expect(limits).toEqual(resolveLimits({ fileBytes: 5 }))
    for (const wrong of ['0', '-1', '1.5', 'many', '99999999999'])
      expect(() => readConfig({ OUTLAST_MAX_FILE_BYTES: wrong }, cwd)).toThrow(
        'set OUTLAST_MAX_FILE_BYTES or limits.fileBytes to a whole number from 1 to 200000000',
      )
  })

  it('takes empty variables for absent ones', () => {
    expect(readConfig({ HOST: '', PORT: ' ', DATABASE_URL: '' }, cwd)).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: undefined,
    })
  })

  it('takes a Redis beside a PostgreSQL, and says what to set where there is none', () => {
    const DATABASE_URL = 'postgres://db/app'
    const redis = (env: Record<string, string>) => readConfig({ DATABASE_URL, ...env }, cwd).redis
    expect(redis({})).toBeUndefined()
    expect(redis({ REDIS_URL: 'redis://cache' })).toEqual({ url: 'redis://cache' })
    expect(redis({ REDIS_URL: 'redis://cache', OUTLAST_REDIS_PREFIX: 'ours' })).toEqual({
      url: 'redis://cache',
      prefix: 'ours',
    })
    expect(() => readConfig({ REDIS_URL: 'redis://cache' }, cwd)).toThrow(
      'REDIS_URL needs DATABASE_URL',
    )
  })

  it('finds the agent file of the start folder', () => {
    writeFileSync(join(cwd, 'outlast.config.ts'), '')
    expect(readConfig({}, cwd).agentFile).toBe(join(cwd, 'outlast.config.ts'))
  })

  it.each([
    [{ PORT: '80a' }, 'PORT is not a port number'],
    [{ PORT: '70000' }, 'PORT is not a port number'],
    [{ HOST: '0.0.0.0' }, 'HOST is 0.0.0.0: other machines can reach that'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL is not a PostgreSQL address'],
    [{ DATABASE_DIRECT_URL: 'x' }, 'DATABASE_DIRECT_URL is not a PostgreSQL address'],
    [{ OUTLAST_CONFIG: 'nowhere.ts' }, 'there is no such file'],
    [{ OUTLAST_CONCURRENCY: '-1' }, 'OUTLAST_CONCURRENCY is no number of runs'],
    [{ OUTLAST_CONCURRENCY: 'many' }, 'OUTLAST_CONCURRENCY is no number of runs'],
    [{ OUTLAST_LEASE_MS: '10s' }, 'OUTLAST_LEASE_MS is no lease time'],
    [{ OUTLAST_LEASE_MS: '10' }, 'OUTLAST_LEASE_MS is no lease time'],
    [{ OUTLAST_FILES_ROOT: 'nowhere' }, 'that is no folder'],
  ])('says what is wrong with %j', (env, sentence) => {
    expect(() => readConfig(env, cwd)).toThrow(sentence)
  })

  it('lists all mistakes at once', () => {
    const wrong = { PORT: 'x', OUTLAST_LEASE_MS: '1' }
    expect(() => readConfig(wrong, cwd)).toThrow(/PORT.*\n.*OUTLAST_LEASE_MS/s)
    const together = { HOST: 'example.com', OUTLAST_JWT_SECRET: 'x' }
    expect(() => readConfig(together, cwd)).toThrow(/HOST.*\n.*OUTLAST_JWT_SECRET/s)
  })
})
