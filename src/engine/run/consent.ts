/**
 * Finds out, before any tool of a step acts, which calls a person has to decide about, and tells readers what was decided.
 *
 * INVARIANT: the answer is in the ledger before a reader sees it or a tool acts, so every process that goes on has the same.
 */
import { InvariantError } from '../../domain/errors.ts'
import {
  executableCalls,
  hasResult,
  idempotencyKey,
  isOver,
  type Approval,
  type StepRecord,
  type ToolCallPart,
  type ToolCallRecord,
} from '../../domain/step.ts'
import { cleanText } from '../../domain/text.ts'
import { outputChunk, requestChunk, responseChunk, type Chunk } from '../chunks.ts'
import type { Execution } from './execution.ts'
import type { Consent } from '../ports.ts'
import { act, type Acting } from './tool-execution.ts'
import type { StepView } from '../tail/view.ts'

/** A call of which nothing is known yet but what the model said. */
export const newCall = (
  { stepIndex }: StepRecord,
  { toolCallId, toolName, input }: ToolCallPart,
): Omit<ToolCallRecord, 'status' | 'epoch' | 'span'> => ({
  stepIndex,
  toolCallId,
  toolName,
  input,
  data: [],
  attempt: 0,
})

/** @returns the calls whose record has changed; those that may simply be executed have none yet */
export const recordConsent = async (
  execution: Execution,
  { step, calls }: StepView,
  acting: (part: ToolCallPart) => Acting,
): Promise<readonly ToolCallRecord[]> => {
  const { journal, lease, writer, durably, signal } = execution
  const drafts = await Promise.all(
    executableCalls(step).map(async (part) => {
      const call = calls.find(({ toolCallId }) => toolCallId === part.toolCallId)
      return call ? goesOn(call, execution) : asked(execution, step, acting(part))
    }),
  )
  if (signal.aborted) return []
  const saying = new Saying(lease.epoch, writer.n)
  const records = drafts.filter((draft) => draft !== undefined).map((draft) => saying.of(draft))
  if (records.length === 0) return []
  // A stop does not wait for a database that is away: what is not recorded was not asked.
  await durably(() => journal.recordCalls(lease, records), signal)
  for (const [index, chunk] of saying.chunks.entries()) {
    const n = writer.chunk(step.stepIndex, chunk)
    if (n !== saying.first + index)
      throw new InvariantError(
        `Unit ${n} of run ${lease.runId} was written while calls were recorded.`,
      )
  }
  return records
}

type Draft = Omit<ToolCallRecord, 'epoch' | 'span'> & { readonly span?: ToolCallRecord['span'] }

/** What a person has said while the run was waiting, and nobody has been told. */
const goesOn = (call: ToolCallRecord, { agent }: Execution): Draft | undefined => {
  const { approval } = call
  const isTold = approval?.approved === undefined || approval.told !== undefined
  const byClient = agent.tool(call.toolName)?.execution === 'client'
  if (call.status === 'approved' && byClient) return { ...call, status: 'awaited' }
  return isTold && (!isOver(call) || hasResult(call)) ? undefined : call
}

/** A call that nobody has dealt with; undefined when this server may execute it at once. */
const asked = async (
  execution: Execution,
  step: StepRecord,
  acting: Acting,
): Promise<Draft | undefined> => {
  const { agent, run } = execution
  const { part } = acting
  const traits = agent.tool(part.toolName)
  if (!traits) return undefined
  const call = newCall(step, part)
  const answer = await act(execution, acting, (invocation) => agent.consent(invocation))
  if (answer.kind === 'interrupted') return undefined
  if (answer.kind === 'failed') return { ...call, status: 'failed', error: answer.error }
  const id = idempotencyKey(run.id, step.stepIndex, part.toolCallId)
  const approval = approvalOf(id, answer.value)
  const next = traits.execution === 'client' ? 'awaited' : 'approved'
  switch (answer.value.kind) {
    case 'not-needed':
      return traits.execution === 'client' ? { ...call, status: 'awaited' } : undefined
    case 'needed':
      return { ...call, status: 'asked', approval }
    case 'approved':
      return { ...call, status: next, approval }
    case 'denied':
      return { ...call, status: 'denied', approval }
    default:
      return answer.value satisfies never
  }
}

const approvalOf = (id: string, consent: Consent): Approval => {
  if (consent.kind === 'not-needed') return { id }
  const reason = consent.reason === undefined ? undefined : cleanText(consent.reason)
  if (consent.kind === 'needed')
    return { id, ...(reason === undefined ? {} : { requestReason: reason }) }
  const approved = consent.kind === 'approved'
  return { id, automatic: true, approved, ...(reason === undefined ? {} : { reason }) }
}

/** Gives what is to be said about calls its units, before anything is said. */
class Saying {
  readonly chunks: Chunk[] = []
  readonly first: number
  readonly #epoch: number

  constructor(epoch: number, n: number) {
    this.#epoch = epoch
    this.first = n + 1
  }

  of(draft: Draft): ToolCallRecord {
    const approval = draft.approval && this.#told(draft.toolCallId, draft.approval)
    const ends = isOver(draft) && draft.span?.to === undefined
    const n = ends ? this.#say(outputChunk(draft)).n : this.first + this.chunks.length
    return {
      ...draft,
      ...(approval ? { approval } : {}),
      epoch: this.#epoch,
      span: ends ? { from: n, to: n } : { from: n },
    }
  }

  #told(toolCallId: string, approval: Approval): Approval {
    const asked = approval.asked ?? this.#say(requestChunk(toolCallId, approval))
    if (approval.approved === undefined || approval.told) return { ...approval, asked }
    return { ...approval, asked, told: this.#say(responseChunk(approval)) }
  }

  #say(chunk: Chunk): { epoch: number; n: number } {
    return { epoch: this.#epoch, n: this.first + this.chunks.push(chunk) - 1 }
  }
}
