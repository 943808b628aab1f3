/** How often somebody may ask, and several ways to say who asks. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  IdentityUnavailableError,
  NotAllowedError,
  NotAuthenticatedError,
  StoreUnavailableError,
} from '../../src/domain/errors.ts'
import { createAdmission, type AdmissionOptions } from '../../src/http/admission.ts'
import { firstOf } from '../../src/http/identity/first-of.ts'
import type { Authenticate } from '../../src/http/identity/identity.ts'
import { problemResponse } from '../../src/http/problem-response.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const url = 'http://localhost/ai-chat/c1/messages'
const known: Authenticate = (request) => {
  const user = request.headers.get('authorization')
  if (user === 'wrong') throw new NotAuthenticatedError('Wrong.')
  const [workspaceId = '', userId = ''] = user?.split('/') ?? []
  return user === null ? null : { workspaceId, userId }
}
const admissionWith = (options: Partial<AdmissionOptions> = {}) => {
  const nothing = async () => undefined
  const admit = createAdmission({
    authenticate: known,
    redeem: nothing,
    ensure: nothing,
    ...options,
  })
  return (authorization?: string, address?: string, headers: Record<string, string> = {}) =>
    admit(new Request(url, { headers: authorization ? { ...headers, authorization } : headers }), {
      address,
    })
}
const limited = { code: 'RATE_LIMITED', retryable: true }

describe('the limit of requests', () => {
  it('is each user’s own, and over after its minute', async () => {
    const ask = admissionWith({ limits: { requestsPerMinute: 2 } })
    const both = await Promise.all([ask('w/ann'), ask('w/ann')])
    expect(both).toEqual([
      { workspaceId: 'w', userId: 'ann' },
      { workspaceId: 'w', userId: 'ann' },
    ])
    await expect(ask('w/ann')).rejects.toMatchObject(limited)
    for (const other of ['w/bob', 'v/ann']) await expect(ask(other)).resolves.toBeDefined()
    vi.setSystemTime(Date.now() + 59_000)
    await expect(ask('w/ann')).rejects.toMatchObject({ ...limited, retryAfter: 1 })
    vi.setSystemTime(Date.now() + 1000)
    await expect(ask('w/ann')).resolves.toBeDefined()
  })

  it('is 600 unless it is set, and none when it is 0', async () => {
    const ask = admissionWith()
    for (let count = 0; count < 600; count++) await ask('w/ann')
    await expect(ask('w/ann')).rejects.toThrow('at most 600 requests a minute')
    const free = admissionWith({ limits: { requestsPerMinute: 0 } })
    for (let count = 0; count < 700; count++) await free('w/ann')
  })

  it('is told as a problem that says when to come back', async () => {
    const ask = admissionWith({ limits: { requestsPerMinute: 1 } })
    await ask('w/ann')
    const refusal: unknown = await ask('w/ann').catch((error: unknown) => error)
    const response = problemResponse(refusal, () => expect.unreachable('it is the caller’s'))
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('60')
    expect(await response.json()).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 })
  })
})

describe('the limit of failures', () => {
  const failing = async (ask: ReturnType<typeof admissionWith>, address?: string, headers = {}) =>
    ((await ask('wrong', address, headers).catch((error: unknown) => error)) as { code: string })
      .code

  it('is one of an address, and never keeps out who has a right token', async () => {
    const ask = admissionWith({ limits: { failuresPerMinute: 1 } })
    expect(await failing(ask, '10.0.0.1')).toBe('NOT_AUTHENTICATED')
    expect(await failing(ask, '10.0.0.1')).toBe('RATE_LIMITED')
    expect(await failing(ask, '::ffff:10.0.0.1')).toBe('RATE_LIMITED')
    expect(await failing(ask, '10.0.0.2')).toBe('NOT_AUTHENTICATED')
    await expect(ask('w/ann', '10.0.0.1')).resolves.toBeDefined()
    vi.setSystemTime(Date.now() + 60_000)
    expect(await failing(ask, '10.0.0.1')).toBe('NOT_AUTHENTICATED')
  })

  it('takes the addresses that one machine can choose from for one', async () => {
    const ask = admissionWith({ limits: { failuresPerMinute: 1 } })
    expect(await failing(ask, '2001:db8:0:1::1')).toBe('NOT_AUTHENTICATED')
    expect(await failing(ask, '2001:db8:0:1:ffff::2')).toBe('RATE_LIMITED')
    expect(await failing(ask, '2001:db8:0:2::1')).toBe('NOT_AUTHENTICATED')
  })

  it('does not count who sends nothing, who comes through a proxy, and whose address is unknown', async () => {
    const ask = admissionWith({ limits: { failuresPerMinute: 1 } })
    for (let count = 0; count < 3; count++) {
      await expect(ask(undefined, '10.0.0.1')).rejects.toMatchObject({ code: 'NOT_AUTHENTICATED' })
      expect(await failing(ask, '10.0.0.1', { 'x-forwarded-for': '1.2.3.4' })).toBe(
        'NOT_AUTHENTICATED',
      )
      expect(await failing(ask)).toBe('NOT_AUTHENTICATED')
      expect(await failing(ask, 'somewhere')).toBe('NOT_AUTHENTICATED')
    }
  })
})

describe('a new caller', () => {
  it('is made again by its next request when the database was away', async () => {
    let calls = 0
    const ensure = async () => {
      calls += 1
      if (calls === 1) throw new StoreUnavailableError('away')
    }
    const ask = admissionWith({ ensure })
    const first = await Promise.allSettled([ask('w/ann'), ask('w/ann')])
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await ask('w/ann')
    await ask('w/ann')
    expect(calls).toBe(2)
  })
})

describe('the first of several identities', () => {
  const ann = { workspaceId: 'w', userId: 'ann' }
  const silent: Authenticate = () => null
  const refusing: Authenticate = () => {
    throw new NotAuthenticatedError('First.')
  }
  const away: Authenticate = () => {
    throw new IdentityUnavailableError('Away.')
  }
  const ask = async (...identities: Authenticate[]) => firstOf(...identities)(new Request(url), {})

  it('that names a caller decides', async () => {
    const unasked: Authenticate = () => expect.unreachable('somebody has answered')
    expect(await ask(silent, () => ann, unasked)).toEqual(ann)
    expect(await ask(refusing, away, async () => ann)).toEqual(ann)
    expect(await ask(silent, silent)).toBeNull()
    expect(await ask()).toBeNull()
  })

  it('that refuses is quoted when none names a caller, unless one was away', async () => {
    const later: Authenticate = () => {
      throw new NotAuthenticatedError('Second.')
    }
    await expect(ask(silent, refusing, later)).rejects.toThrow('First.')
    await expect(ask(refusing, away)).rejects.toMatchObject({ code: 'IDENTITY_UNAVAILABLE' })
  })

  it('that forbids ends the question', async () => {
    const forbidding: Authenticate = () => {
      throw new NotAllowedError('This user is locked.')
    }
    await expect(ask(forbidding, () => ann)).rejects.toThrow('locked')
  })
})
