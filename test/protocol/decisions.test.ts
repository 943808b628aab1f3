import { describe, expect, it } from 'vitest'
import { parseDecisions } from '../../src/protocol/decisions.ts'
import { parseTurn } from '../../src/protocol/schemas.ts'

const step = { type: 'step-start' }
const call = (toolCallId: string, rest: object) => ({
  type: 'tool-pay',
  toolCallId,
  input: {},
  ...rest,
})
const approval = (id: string, rest: object) => ({
  state: 'approval-responded',
  approval: { id, ...rest },
})

const continued = (...parts: unknown[]) =>
  parseTurn({
    id: 'c1',
    messages: [
      { id: 'm1', role: 'user', parts: [] },
      { id: 'a1', role: 'assistant', parts },
    ],
    messageId: 'a1',
  })

const refusal = (parse: () => unknown): string => {
  try {
    parse()
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

describe('an answer that comes back', () => {
  it('says what was decided in its last step, and nothing else is read', () => {
    const parts = [
      step,
      call('c0', { state: 'output-available', output: 'of a step before' }),
      step,
      { type: 'text', text: 'May I?' },
      call('c1', {
        ...approval('p1', { approved: true, reason: 'Yes.' }),
        input: { forged: true },
      }),
      { ...call('c2', approval('p2', { approved: false })), type: 'dynamic-tool', toolName: 'pay' },
      call('c3', { state: 'output-available', output: { city: 'Rome' } }),
      call('c4', { state: 'output-error', errorText: 'No signal.' }),
      call('c5', { state: 'approval-requested', approval: { id: 'p5' } }),
      call('c6', { state: 'output-available', output: 1, preliminary: true }),
      call('c7', { state: 'output-available', output: 1, providerExecuted: true }),
      call('c8', { state: 'output-denied', approval: { id: 'p8', approved: false } }),
    ]
    expect(continued(...parts)).toEqual({
      kind: 'continue',
      chatId: 'c1',
      messageId: 'a1',
      answers: [
        { approvalId: 'p1', approved: true, reason: 'Yes.' },
        { approvalId: 'p2', approved: false },
        { toolCallId: 'c3', output: { city: 'Rome' }, stepIndex: 1 },
        { toolCallId: 'c4', errorText: 'No signal.', stepIndex: 1 },
      ],
    })
  })

  it('is refused in a sentence where a decision is none', () => {
    const sentences = [
      () => continued(step, call('c1', approval('p1', { approved: 'yes' }))),
      () =>
        continued(step, call('c1', approval('p1', { approved: true, reason: 'x'.repeat(10_001) }))),
      () => continued(step, { ...call('', { state: 'output-error' }), toolCallId: 7 }),
      () => continued(step, 'text'),
      () => parseTurn({ id: 'c1', messages: [{ id: 'a1', role: 'assistant' }] }),
    ].map(refusal)
    expect(sentences).toMatchInlineSnapshot(`
      [
        "In the body, messages[1].parts[1].approval.approved: approved is true or false.",
        "In the body, messages[1].parts[1].approval.reason: a reason has at most 10000 characters.",
        "In the body, messages[1].parts[1].toolCallId: a toolCallId is a string.",
        "In the body, messages[1].parts[1]: a part is an object with a type.",
        "In the body, messages[0].parts: a message has a list of parts.",
      ]
    `)
  })
})

describe('the body of decisions', () => {
  it('takes approvals, outputs and errors', () => {
    const decisions = [
      { approvalId: 'p1', approved: true },
      { toolCallId: 'c1', output: null },
      { toolCallId: 'c2', errorText: 'No.', stepIndex: 2 },
    ]
    expect(parseDecisions({ decisions, more: 1 })).toEqual(decisions)
  })

  it('is refused in a sentence', () => {
    const sentences = [
      null,
      {},
      { decisions: [] },
      { decisions: [{ toolCallId: 'c1' }] },
      { decisions: [{ approvalId: 'p1' }] },
      { decisions: Array.from({ length: 1001 }, () => ({ approvalId: 'p', approved: true })) },
    ].map((body) => refusal(() => parseDecisions(body)))
    expect(sentences).toMatchInlineSnapshot(`
      [
        "The body is an object.",
        "In the body, decisions: decisions is a list.",
        "In the body, decisions: there is no decision in it.",
        "In the body, decisions[0]: a decision is { approvalId, approved, reason? }, { toolCallId, output } or { toolCallId, errorText }.",
        "In the body, decisions[0]: a decision is { approvalId, approved, reason? }, { toolCallId, output } or { toolCallId, errorText }.",
        "In the body, decisions: there are at most 1000 decisions.",
      ]
    `)
  })
})
