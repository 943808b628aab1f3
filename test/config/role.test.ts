import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { checkConcurrency } from '../../src/domain/limits.ts'
import { concurrencyOf, executes } from '../../src/role.ts'

const databaseUrl = 'postgres://localhost/outlast'
const redis = { url: 'redis://localhost', prefix: undefined }
const embedded = { databaseUrl: undefined, redis: undefined }

describe('how many runs a process executes', () => {
  it.each([
    ['serve', { ...embedded }, undefined],
    ['serve', { databaseUrl, redis: undefined }, undefined],
    ['serve', { databaseUrl, redis }, 0],
    ['work', { databaseUrl, redis }, 100],
    ['work', { databaseUrl, redis: undefined }, 100],
  ] as const)('%s with %j: %s unless it is told', (role, settings, runs) => {
    expect(concurrencyOf(role, { ...settings, concurrency: undefined })).toBe(runs)
    expect(concurrencyOf(role, { ...settings, databaseUrl, concurrency: 7 })).toBe(7)
  })

  it.each([
    ['serve', { ...embedded, concurrency: 0 }, 'Nobody would execute'],
    ['work', { ...embedded, concurrency: undefined }, 'A worker needs DATABASE_URL'],
    ['work', { databaseUrl, redis, concurrency: 0 }, 'does nothing'],
  ] as const)('%s with %j is refused', (role, settings, sentence) => {
    expect(() => concurrencyOf(role, settings)).toThrow(sentence)
  })

  it.each([-1, 0.5, 1e9, Number.NaN])('%s is no such number', (runs) => {
    expect(() => readConfig({ OUTLAST_CONCURRENCY: String(runs) })).toThrow('from 0 to 1000000')
    expect(() => checkConcurrency(runs)).toThrow('from 0 to 1000000')
  })

  it('is said in a line', () => {
    expect([undefined, 0, 1, 100].map(executes)).toEqual([
      'runs, as many as there are',
      'nothing: `outlast work` does',
      'up to 1 run at a time',
      'up to 100 runs at a time',
    ])
  })
})
