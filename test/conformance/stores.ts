/** What a suite for the database's ports needs: the ports, and somebody to act for. */
import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { MessageRole } from '../../src/domain/message.ts'
import type { Lease, Principal, RunRecord } from '../../src/domain/run.ts'
import type { StepRecord, ToolCallEnd, ToolCallRecord } from '../../src/domain/step.ts'
import type { TurnRequest } from '../../src/domain/turn.ts'
import type {
  ChatCatalog,
  ChatStates,
  RunCatalog,
  RunOverview,
  WorkerRegistry,
} from '../../src/engine/catalog-ports.ts'
import type {
  Admissions,
  Conversations,
  Files,
  Journal,
  NewTurn,
  RunStore,
} from '../../src/engine/ports.ts'

/** `chatId` and `id` as clients know them. */
export type MessageSeed = {
  readonly principal: Principal
  readonly chatId: string
  readonly id?: string
  readonly role?: MessageRole
  readonly content?: string
}

export type ExternalRunSeed = {
  readonly principal: Principal
  /** As clients know it. */
  readonly chatId: string
  readonly assistantMessageId?: string
}

export type Stores = AsyncDisposable & {
  readonly runs: RunStore
  readonly admissions: Admissions
  readonly journal: Journal
  readonly conversations: Conversations
  readonly files: Files
  readonly chats: ChatCatalog
  readonly records: RunCatalog
  readonly overview: RunOverview
  readonly workers: WorkerRegistry
  readonly states: ChatStates
  /** Makes workspace and user, unless they exist. */
  ensure(principal: Principal): Promise<void>
  setSettings(workspaceId: string, settings: object): Promise<void>
  /** A chat without a client id. */
  insertChat(principal: Principal): Promise<{ id: string }>
  /** A message that no run belongs to. */
  insertMessage(message: MessageSeed): Promise<{ id: string }>
  /** An active run that its caller executes. */
  insertExternalRun(run: ExternalRunSeed): Promise<{ id: string }>
  /** Makes every file older by so many hours, as far as sweeps are concerned. */
  ageFiles(hours: number): Promise<void>
  /** Deletes the chat, by its internal id, with the files that only it uses. */
  deleteChat(chat: { id: string; workspaceId: string }): Promise<void>
  /** Lets the run in, whatever is in already. */
  letIn(runId: string): Promise<void>
  /** Removes every chat. */
  clear(): Promise<void>
  /** Makes the run, and its admission, as old as that. */
  backdate(runId: string, seconds: number): Promise<void>
  /** Says when the run began, started and, if it has settled, ended. */
  dateRun(
    runId: string,
    times: { createdAt: Date; startedAt: Date; finishedAt: Date | null },
  ): Promise<void>
  /** The worker was seen last so long ago. */
  silence(workerId: string, seconds: number): Promise<void>
  /** Marks a message as replaced by another one of its chat; both by their internal ids. */
  supersede(messageId: string, by: string): Promise<void>
}

export type OpenStores = () => Promise<Stores>

export const LEASE_LOST = expect.objectContaining({ code: 'LEASE_LOST' })

export const TTL_MS = 60_000
/** A lease of this length has lapsed when it begins. */
export const LAPSED_MS = -1_000

export const somebody = async (
  { ensure }: Stores,
  workspaceId: string = randomUUID(),
): Promise<Principal> => {
  const principal = { workspaceId, userId: randomUUID() }
  await ensure(principal)
  return principal
}

export type TurnOptions = Partial<Omit<NewTurn, 'principal' | 'kind'>> & {
  /** Whether the workspace's runs end with their request. */
  readonly bound?: boolean
  /** Whether it waits to be let in; it does not unless set. */
  readonly queued?: boolean
  readonly text?: string
  readonly messageId?: string | undefined
  /** Default: a new message with the text and the id. */
  readonly request?: TurnRequest
}

export const turnOf = (
  principal: Principal,
  { text = 'Hello', messageId, request, ...rest }: Omit<TurnOptions, 'bound' | 'queued'> = {},
): NewTurn => ({
  principal,
  chatId: randomUUID(),
  trigger: 'user',
  agent: 'tester',
  options: undefined,
  project: () => [],
  ...rest,
  ...(request ?? { kind: 'new', message: { id: messageId, parts: [{ type: 'text', text }] } }),
})

export const begun = async (
  stores: Stores,
  principal: Principal,
  { bound = false, queued = false, ...options }: TurnOptions = {},
): Promise<RunRecord> => {
  const autonomousRuns = !bound
  await stores.setSettings(principal.workspaceId, { ai: { autonomousRuns } })
  const result = await stores.runs.begin(turnOf(principal, options))
  expect(result.kind).toBe('begun')
  if (!bound && !queued) await stores.letIn(result.run.id)
  return result.run
}

export const leaseOf = ({ id, workspaceId, leaseEpoch }: RunRecord): Lease => ({
  runId: id,
  workspaceId,
  epoch: leaseEpoch,
})

/** Lets the run in, if it has to be. */
export const claimed = async (
  { runs, letIn }: Stores,
  runId: string,
  { holder = 'one', ttlMs = TTL_MS } = {},
): Promise<RunRecord> => {
  await letIn(runId)
  const run = await runs.claim(runId, holder, ttlMs)
  if (run === undefined) throw new Error(`Run ${runId} cannot be claimed.`)
  return run
}

/** A run in the hands of `one`. */
export const heldRun = async (
  stores: Stores,
  principal: Principal,
  options: TurnOptions & { ttlMs?: number } = {},
): Promise<{ run: RunRecord; lease: Lease }> => {
  const { ttlMs = TTL_MS, ...turn } = options
  const { id } = await begun(stores, principal, turn)
  const run = await claimed(stores, id, { ttlMs })
  return { run, lease: leaseOf(run) }
}

export const settleAs = (
  { runs }: Stores,
  lease: Lease,
  status: 'succeeded' | 'aborted' = 'succeeded',
): Promise<RunRecord> => runs.settle(lease, { outcome: { status }, calls: [] }, () => [])

/** Everything a step can have. */
export const stepOf = (
  { epoch }: Pick<Lease, 'epoch'>,
  stepIndex: number,
  rest: Partial<StepRecord> = {},
): StepRecord => ({
  stepIndex,
  epoch,
  span: { from: 10 * stepIndex + 1, to: 10 * stepIndex + 9 },
  parts: [
    {
      type: 'reasoning',
      id: 'r',
      text: 'Hm.',
      providerMetadata: { p: { signature: 'ab\u0000c' } },
    },
    { type: 'tool-call', toolCallId: 'call-1', toolName: 'look', input: { z: 1, a: [null, '☃'] } },
  ],
  spans: [
    { from: 10 * stepIndex + 2, to: 10 * stepIndex + 4 },
    { from: 10 * stepIndex + 5, to: 10 * stepIndex + 8 },
  ],
  info: {
    finishReason: 'tool-calls',
    rawFinishReason: 'tool_use',
    responseId: 'response-1',
    provider: 'provider',
    modelId: 'model',
    warnings: [{ type: 'other', message: 'Careful.' }],
    usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
    costMicros: 5_000_000_123,
    startedAt: new Date('2026-01-02T03:04:05.678Z'),
    firstChunkAt: new Date('2026-01-02T03:04:05.999Z'),
    finishedAt: new Date('2026-01-02T03:04:06.789Z'),
    brokenAttempts: [
      {
        startedAt: new Date('2026-01-02T03:04:04.567Z'),
        endedAt: new Date('2026-01-02T03:04:05.456Z'),
        errorCode: 'provider_unavailable',
        error: 'The provider is overloaded.',
      },
    ],
  },
  request: { provider: 'provider', modelId: 'alias', instructions: 'Z, A.', tools: ['z', 'a'] },
  ...rest,
})

export const callOf = (
  { epoch }: Pick<Lease, 'epoch'>,
  rest: Partial<ToolCallRecord> = {},
): ToolCallRecord => ({
  stepIndex: 0,
  toolCallId: 'call-1',
  toolName: 'look',
  input: { z: 1, a: [null, '☃'] },
  status: 'started',
  data: [],
  epoch,
  span: { from: 10 },
  attempt: 1,
  ...rest,
})

export const endOf = (rest: Partial<ToolCallEnd> = {}): ToolCallEnd => ({
  status: 'succeeded',
  output: { z: 1, a: 'two' },
  data: [{ n: 11, type: 'data-progress', id: 'p', data: { done: true } }],
  span: { from: 10, to: 12 },
  ...rest,
})
