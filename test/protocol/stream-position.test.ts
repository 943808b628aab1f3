import { describe, expect, it } from 'vitest'
import { pathOf, ROUTES } from '../../src/protocol/routes.ts'
import { formatStreamPosition, parseStreamPosition } from '../../src/protocol/stream-position.ts'

describe('a position in a stream', () => {
  it('is an offset, with its run where it was sent to a reader of a chat', () => {
    expect(parseStreamPosition('2-17.40.3')).toEqual({ after: { epoch: 2, n: 17, lens: [40, 3] } })
    expect(parseStreamPosition(formatStreamPosition('0-0', 'run:1'))).toEqual({
      runId: 'run:1',
      after: { epoch: 0, n: 0, lens: [] },
    })
  })

  it('that this server never sent is refused', () => {
    for (const text of [
      '1',
      '1-',
      '/1-2',
      'a/',
      'a/b/1-2',
      'runs/1-2',
      '1-2/',
      ' 1-2',
      '-1-2',
      '1-2.',
    ])
      expect(() => parseStreamPosition(text), text).toThrow('Last-Event-ID')
  })
})

describe('a path', () => {
  it('has its ids encoded', () => {
    expect(pathOf(ROUTES.messages, { chatId: 'a/b ü' })).toBe('/ai-chat/a%2Fb%20%C3%BC/messages')
    expect(pathOf(ROUTES.runStream, { runId: 'r1' })).toBe('/ai-chat/runs/r1/stream')
  })
})
