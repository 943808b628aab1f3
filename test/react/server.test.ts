/** The hooks where there is no page: a server renders what it was given, asks for nothing, and keeps nothing open. */
import type { UIMessage } from 'ai'
import { createElement, type FunctionComponent } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, it } from 'vitest'
import { createOutlastClient, type RunSummary } from '../../src/client/index.ts'
import {
  OutlastProvider,
  useChats,
  useOutlastChat,
  useOutlastClient,
  useRun,
  useRuns,
} from '../../src/react/index.ts'

const asked: unknown[] = []

const client = createOutlastClient<UIMessage>({
  fetch: (input) => {
    asked.push(input)
    return Promise.reject(new TypeError('There is no server here.'))
  },
})

/** What a component shows that shows what the hook says. */
const rendered = (use: () => unknown): unknown => {
  const Shown: FunctionComponent = () => JSON.stringify(use())
  const markup = renderToString(createElement(OutlastProvider, { client }, createElement(Shown)))
  return JSON.parse(markup.replaceAll('&quot;', '"'))
}

const HELLO: UIMessage = { id: 'm1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }

const RUN: RunSummary = {
  id: 'r1',
  chatId: 'c1',
  status: 'running',
  trigger: 'user',
  error: null,
  errorCode: null,
  output: null,
  stepCount: 0,
  attempt: 1,
  epoch: 1,
  assistantMessageId: 'm2',
  stopRequestedAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: null,
  finishedAt: null,
}

it.each([
  [
    'useOutlastChat with its history',
    () => useOutlastChat({ id: 'c1', messages: [HELLO], activeRun: null }),
    { id: 'c1', messages: [HELLO], status: 'ready', connection: 'idle', isLoading: false },
  ],
  [
    'useOutlastChat with its run',
    () => useOutlastChat({ id: 'c1', messages: [HELLO], activeRun: RUN }),
    { run: RUN },
  ],
  [
    'useOutlastChat without it',
    () => useOutlastChat({ id: 'c1' }),
    { messages: [], status: 'ready', isLoading: true, isStopping: false },
  ],
  ['useRun', () => useRun('r1'), { isLoading: true }],
  ['useRuns', () => useRuns({ status: ['active'] }), { items: [], isLoading: true }],
  ['useChats', () => useChats(), { items: [], isLoading: true, hasMore: false }],
])('%s is rendered by a server', (_, use, expected) => {
  expect(globalThis).not.toHaveProperty('document')
  expect(rendered(use)).toMatchObject(expected)
  expect(asked).toEqual([])
  expect(client.connection.get()).toBe('idle')
})

it('a provider needs nothing; a hook without one says what is missing', () => {
  const Shown: FunctionComponent = () => useOutlastClient().connection.get()
  expect(renderToString(createElement(OutlastProvider, null, createElement(Shown)))).toBe('idle')
  expect(() => renderToString(createElement(Shown))).toThrow('put <OutlastProvider> around it')
})
