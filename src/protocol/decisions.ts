/** What people decide about the calls that a run waits for, as clients send it. */
import { z } from 'zod'
import type { Answer } from '../domain/decision.ts'
import { clientId, parse } from './parse.ts'

const MAX_DECISIONS = 1000
const MAX_REASON_LENGTH = 10_000

const reason = z
  .string({ error: 'a reason is a string' })
  .max(MAX_REASON_LENGTH, { error: `a reason has at most ${MAX_REASON_LENGTH} characters` })
const approved = z.boolean({ error: 'approved is true or false' })
const errorText = z.string({ error: 'an errorText is a string' })
const id = (what: string) =>
  z
    .string({ error: `${what} is a string` })
    .min(1)
    .max(1000)

/* The last message of `useChat`: parts of its last step say what was decided. */

const part = z.looseObject({ type: z.string() }, { error: 'a part is an object with a type' })

const answered = z.object({
  id: clientId('the id of a message'),
  parts: z
    .array(part, { error: 'a message has a list of parts' })
    .max(100_000, { error: 'a message has at most 100000 parts' }),
})

const response = z.object({
  approval: z.object({ id: id('the id of an approval'), approved, reason: reason.nullish() }),
})
const output = z.object({ toolCallId: id('a toolCallId'), output: z.unknown() })
const failure = z.object({ toolCallId: id('a toolCallId'), errorText })

/** A person has answered what an answer of the chat was waiting for. */
export type Continuation = {
  readonly kind: 'continue'
  readonly messageId: string
  readonly answers: readonly Answer[]
}

/**
 * Everything else in the message is not looked at: what the model said and called stands in the journal.
 *
 * @param path - where the message stands in the body
 */
export const parseContinuation = (message: unknown, path: readonly PropertyKey[]): Continuation => {
  const { id: messageId, parts } = parse(answered, message, path)
  const last = parts.findLastIndex(({ type }) => type === 'step-start')
  const steps = parts.filter(({ type }) => type === 'step-start').length
  const stepIndex = steps === 0 ? undefined : steps - 1
  const answers = parts
    .slice(last + 1)
    .flatMap((part, index) => answerOf(part, stepIndex, [...path, 'parts', last + 1 + index]))
  return { kind: 'continue', messageId, answers }
}

const answerOf = (
  part: { readonly type: string; readonly [key: string]: unknown },
  stepIndex: number | undefined,
  path: readonly PropertyKey[],
): Answer[] => {
  const isCall = part.type === 'dynamic-tool' || part.type.startsWith('tool-')
  if (!isCall || part['providerExecuted'] === true) return []
  switch (part['state']) {
    case 'approval-responded': {
      const { approval } = parse(response, part, path)
      return [approvalAnswer({ ...approval, approvalId: approval.id })]
    }
    case 'output-available':
      return part['preliminary'] === true ? [] : [{ ...parse(output, part, path), stepIndex }]
    case 'output-error':
      return [{ ...parse(failure, part, path), stepIndex }]
    default:
      return []
  }
}

const approvalAnswer = (given: {
  approvalId: string
  approved: boolean
  reason?: string | null | undefined
}): Answer => ({
  approvalId: given.approvalId,
  approved: given.approved,
  ...(given.reason == null ? {} : { reason: given.reason }),
})

/* The body of the route for decisions */

const stepIndex = z.int().min(0).optional()

const decision = z.union(
  [
    z.object({ approvalId: id('an approvalId'), approved, reason: reason.nullish() }),
    z.object({ toolCallId: id('a toolCallId'), stepIndex, errorText }),
    z
      .object({ toolCallId: id('a toolCallId'), stepIndex, output: z.unknown() })
      .refine((value) => 'output' in value),
  ],
  {
    error:
      'a decision is { approvalId, approved, reason? }, { toolCallId, output } or { toolCallId, errorText }',
  },
)

export const decisionsBody = z.object(
  {
    decisions: z
      .array(decision, { error: 'decisions is a list' })
      .min(1, { error: 'there is no decision in it' })
      .max(MAX_DECISIONS, { error: `there are at most ${MAX_DECISIONS} decisions` }),
  },
  { error: 'the body is an object' },
)

export const parseDecisions = (body: unknown): readonly Answer[] =>
  parse(decisionsBody, body).decisions.map((given) =>
    'approvalId' in given ? approvalAnswer(given) : given,
  )
