import { describe, expect, it } from 'vitest'
import * as errors from '../../src/domain/errors.ts'
import { problemOf } from '../../src/protocol/problem.ts'

describe('a problem', () => {
  it('has the code, the sentence and the status of its error', () => {
    expect(problemOf(new errors.ChatNotFoundError('There is no chat c1 here.'))).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is no chat c1 here.',
      code: 'CHAT_NOT_FOUND',
    })
  })

  it('names the run that stands in the way', () => {
    expect(problemOf(new errors.RunAlreadyActiveError('r1'))).toMatchObject({
      status: 409,
      code: 'A_RUN_ALREADY_ACTIVE',
      activeRunId: 'r1',
    })
  })

  it('of an outage says when to try again', () => {
    for (const error of [
      new errors.StoreUnavailableError('x'),
      new errors.EngineStoppingError('x'),
    ])
      expect(problemOf(error)).toMatchObject({ status: 503, retryAfter: expect.any(Number) })
  })

  it('of anything unexpected says nothing of it', () => {
    const unexpected = [
      new TypeError('password=secret'),
      Object.assign(new Error('secret'), { code: '23505' }),
      new errors.InvariantError('secret'),
      new errors.LeaseLostError('r1', 2),
      'secret',
    ]
    for (const thrown of unexpected) {
      const problem = problemOf(thrown)
      expect(problem).toMatchObject({ status: 500, code: 'INTERNAL_ERROR' })
      expect(JSON.stringify(problem)).not.toMatch(/secret|r1/)
    }
  })
})
