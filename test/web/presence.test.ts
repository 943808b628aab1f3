/** What the application tells without being looked at: chats that ask for a person, and runs that changed hands. */
import { describe, expect, it } from 'vitest'
import type { ChatSummary, RunHold, RunStatus } from '../../src/client/index.ts'
import { afterNews, needsPerson, type KnownChats } from '../../web/src/presence/attention.ts'
import { takeoverIn } from '../../web/src/presence/takeover.ts'

const chat = (id: string, status: RunStatus, unread = false, runId = 'r1'): ChatSummary => ({
  ...{ id, title: id, createdAt: '', updatedAt: '', unread },
  latestRun: { id: runId, status },
})

const state = (one: ChatSummary) => ({ type: 'state', chat: one }) as const
const states = (...chats: ChatSummary[]) => ({ type: 'states', chats }) as const

/** The ids that arise, news after news. */
const arisenIn = (...news: Parameters<typeof afterNews>[1][]): string[][] => {
  let known: KnownChats
  return news.map((one) => {
    const after = afterNews(known, one)
    known = after.known
    return after.arisen.map(({ id }) => id)
  })
}

describe('a chat', () => {
  it.each([
    ['waits for somebody', true, chat('a', 'waiting')],
    ['was answered and not read', true, chat('a', 'succeeded', true)],
    ['failed and was not looked at', true, chat('a', 'failed', true)],
    ['was answered and read', false, chat('a', 'succeeded')],
    ['was stopped by somebody', false, chat('a', 'aborted', true)],
    ['is at work', false, chat('a', 'running')],
  ])('that %s asks for a person: %s', (_, expected, one) => {
    expect(needsPerson(one)).toBe(expected)
  })

  it('that was so when the page was opened is no news', () => {
    expect(arisenIn(states(chat('a', 'waiting'), chat('b', 'failed', true)))).toEqual([[]])
  })

  it('is news once, however often it is told of', () => {
    const ended = chat('a', 'succeeded', true)
    expect(
      arisenIn(states(), state(chat('a', 'running')), state(ended), state(ended), states(ended)),
    ).toEqual([[], [], ['a'], [], []])
  })

  it('whose run ended while the connection was away is news when it is back', () => {
    const ended = chat('a', 'succeeded', true)
    expect(arisenIn(states(chat('a', 'running')), states(ended))).toEqual([[], ['a']])
  })

  it('that ends after it waited, and another run of it, are news again', () => {
    expect(
      arisenIn(
        states(),
        state(chat('a', 'waiting')),
        state(chat('a', 'failed', true)),
        state(chat('a', 'failed', true, 'r2')),
      ),
    ).toEqual([[], ['a'], ['a'], ['a']])
  })

  it('that was removed asks for nobody', () => {
    const { known } = afterNews(new Map([['a', chat('a', 'waiting')]]), {
      type: 'removed',
      chatId: 'a',
    })
    expect(known?.size).toBe(0)
  })
})

describe('a run', () => {
  const hold = (worker: string, end: RunHold['end'], epoch = 1): RunHold => ({
    ...{ epoch, worker, end, beganAt: '' },
    endedAt: end && '',
  })

  it.each([
    ['was never taken', [], undefined],
    ['has one worker', [hold('a', null)], undefined],
    ['went on after a person had answered', [hold('a', 'waiting'), hold('b', null)], undefined],
    ['was lost and has nobody yet', [hold('a', 'lost')], undefined],
    ['was lost and taken over', [hold('a', 'lost'), hold('b', null)], 'lost'],
    ['was given back and taken over', [hold('a', 'released'), hold('b', 'settled')], 'released'],
    ['was lost and found by the same', [hold('a', 'lost'), hold('a', null)], 'again'],
    [
      'was taken over, waited and went on',
      [hold('a', 'lost'), hold('b', 'waiting'), hold('b', 'settled')],
      'lost',
    ],
  ])('that %s says so', (_, holds, expected) => {
    expect(takeoverIn(holds)).toBe(expected)
  })
})
