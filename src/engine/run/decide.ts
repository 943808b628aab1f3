/**
 * Takes what people say about the calls that a run waits for.
 *
 * INVARIANT: only a call that waits takes an answer, the first one stays, and what is executed is the input of the journal.
 */
import type { Answer, Decision } from '../../domain/decision.ts'
import { InvalidRequestError, NotWaitingError, RunAlreadyActiveError } from '../../domain/errors.ts'
import type { Limits } from '../../domain/limits.ts'
import type { Position } from '../../domain/position.ts'
import type { Principal, RunRecord } from '../../domain/run.ts'
import { isWaiting, type ToolCallRecord, type ToolCallStatus } from '../../domain/step.ts'
import { cleanJson, cleanText } from '../../domain/text.ts'
import { AnswerRoom, charsOf } from './answer-room.ts'
import { messagesOf } from '../prompt/history.ts'
import type { Agent, Agents, Conversations, Journal, RunStore } from '../ports.ts'
import { leaseOf } from './run-execution.ts'
import { limitedResult } from './tool-execution.ts'
import { lastUnit, viewOf, type StepView } from '../tail/view.ts'

export type DecidePorts = {
  readonly store: RunStore
  readonly journal: Journal
  readonly conversations: Conversations
  readonly agents: Agents
  readonly limits: Pick<Limits, 'toolOutputChars' | 'answerChars'>
}

export type Decided = {
  readonly run: RunRecord
  /** True when these answers were the last ones that the run was waiting for. */
  readonly goesOn: boolean
  /** Where the reader stands who was shown what it has answered. */
  readonly after: Position
  /** Approvals that were decided as the answers say. */
  readonly agreed: ReadonlySet<string>
}

/** Somebody else may decide, or stop the run, between a look and a write. */
const MAX_LOOKS = 3

/**
 * @throws NotWaitingError when none of the answers is about a call that waits, or has waited for it
 * @throws RunAlreadyActiveError while other calls of the step are still executed
 */
export const decide = async (
  ports: DecidePorts,
  principal: Principal,
  found: RunRecord,
  answers: readonly Answer[],
): Promise<Decided> => {
  let run: RunRecord | undefined = found
  for (let count = 1; run && count <= MAX_LOOKS; count++) {
    const asked = await look(ports.journal, run, answers)
    const open = asked.matches.filter(isOpen)
    if (open.length === 0) return decidedBefore(run, asked)
    if (run.status !== 'waiting') throw new RunAlreadyActiveError(run.id)
    const room = new AnswerRoom(ports.limits.answerChars, asked.steps)
    const decisions = await checkAll(ports, run, { open, room })
    const decided = await ports.store.decide(leaseOf(run), principal.userId, decisions)
    if (decided) {
      const goesOn = decided.status === 'pending'
      const found = await look(ports.journal, decided, answers)
      return { run: decided, goesOn, ...standing(found, decided.leaseEpoch) }
    }
    run = await ports.conversations.findRun(principal, run.id)
  }
  throw nothingWaits()
}

type Match = { readonly call: ToolCallRecord; readonly answer: Answer }
type Asked = {
  readonly steps: readonly StepView[]
  readonly step: StepView
  readonly matches: readonly Match[]
}

/** The latest step that the answers are about, and its calls that wait for them or have waited. */
const look = async (
  journal: Journal,
  run: RunRecord,
  answers: readonly Answer[],
): Promise<Asked> => {
  const { steps, calls } = await journal.load(run.id, run.workspaceId)
  const view = viewOf(run, steps, calls)
  for (const step of view.steps.toReversed()) {
    const matches = step.calls.flatMap((call) => {
      const answer = answers.find((one) => isAbout(one, call))
      return answer ? [{ call, answer }] : []
    })
    if (matches.length > 0) return { steps: view.steps, step, matches }
  }
  throw nothingWaits()
}

const isAbout = (answer: Answer, call: ToolCallRecord): boolean => {
  if (!isWaiting(call) && call.decidedEpoch === undefined) return false
  if ('approvalId' in answer) return call.approval?.id === answer.approvalId
  const { toolCallId, stepIndex = call.stepIndex } = answer
  return GIVEN.has(call.status) && call.toolCallId === toolCallId && call.stepIndex === stepIndex
}

/** An output is given by the client, or was. */
const GIVEN: ReadonlySet<ToolCallStatus> = new Set(['awaited', 'succeeded', 'failed'])

const isOpen = ({ call, answer }: Match): boolean =>
  call.status === ('approvalId' in answer ? 'asked' : 'awaited')

/** The same answers again, or those of somebody who came too late: the run goes on, or has gone on, with the first. */
const decidedBefore = (run: RunRecord, asked: Asked): Decided => {
  const epochs = asked.matches.flatMap(({ call }) => call.decidedEpoch ?? [])
  if (epochs.length === 0) throw nothingWaits()
  return { run, goesOn: false, ...standing(asked, Math.max(...epochs)) }
}

const standing = ({ step, matches }: Asked, epoch: number): Pick<Decided, 'after' | 'agreed'> => ({
  after: { ...lastUnit(step, epoch), lens: [] },
  agreed: new Set(matches.filter(isAgreed).map(({ call }) => call.approval?.id ?? '')),
})

const isAgreed = ({ call: { approval }, answer }: Match): boolean => {
  if (!('approvalId' in answer)) return false
  return approval?.approved === answer.approved && approval.reason === answer.reason
}

const checkAll = async (
  ports: DecidePorts,
  run: RunRecord,
  { open, room }: { readonly open: readonly Match[]; readonly room: AnswerRoom },
): Promise<Decision[]> => {
  // Approvals need no agent, so they can be given where there is none.
  const agent = open.some(({ answer }) => 'output' in answer)
    ? await agentOf(ports, run)
    : undefined
  const decisions: Decision[] = []
  // One after the other: each takes its part of the room that is left.
  for (const { call, answer } of open)
    decisions.push(await check({ ...ports, agent, room }, call, answer))
  return decisions
}

const agentOf = async (
  { agents, conversations }: DecidePorts,
  run: RunRecord,
): Promise<Agent | undefined> => {
  const { chatId, turns } = await conversations.history(run)
  return agents.resolve({ run, chatId, messages: messagesOf(turns) })
}

type Checking = Pick<DecidePorts, 'limits'> & {
  readonly agent: Agent | undefined
  /** What the answer has left for what clients give. */
  readonly room: AnswerRoom
}

const check = async (
  { agent, limits, room }: Checking,
  call: ToolCallRecord,
  answer: Answer,
): Promise<Decision> => {
  const { toolCallId } = call
  if ('approvalId' in answer) {
    const { approved, reason } = answer
    return { kind: 'approval', toolCallId, approved, reason: reason && cleanText(reason) }
  }
  const keep = (given: Parameters<typeof limitedResult>[0]) => {
    const result = limitedResult(given, Math.min(limits.toolOutputChars, room.left))
    room.take(charsOf(result.output))
    return result
  }
  if ('errorText' in answer) {
    const { output } = keep({ output: cleanText(answer.errorText) || 'The tool failed.' })
    return { kind: 'error', toolCallId, error: String(output) }
  }
  if (!agent)
    throw new InvalidRequestError(
      'The agent of this run is not in this server any more, so the output cannot be checked. Give an error instead.',
    )
  const given = await agent.clientOutput(call, cleanJson(answer.output))
  return { kind: 'output', toolCallId, ...keep(given) }
}

const nothingWaits = (): NotWaitingError =>
  new NotWaitingError(
    'Nothing in this answer waits for that: it was decided without you, or the run has ended. Load the chat again.',
  )
