/** The repositories and the service that an application drives itself, under the names it knows. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AiChatRunService } from '../../src/engine/run-service.ts'
import { AiChatMessageRepo } from '../../src/store/ai-chat-message-repo.ts'
import { type AiChatRun, AiChatRunRepo } from '../../src/store/ai-chat-run-repo.ts'
import type { OutlastDatabase } from '../../src/store/database.ts'
import { DATABASES, type MigratedDatabase } from '../conformance/databases.ts'

const MINUTE_MS = 60_000

type Tenant = { readonly workspaceId: string; readonly userId: string }

/** Nothing but a name is needed. */
const newTenant = async (db: OutlastDatabase): Promise<Tenant> => {
  const workspace = await db
    .insertInto('workspaces')
    .values({ name: 'A workspace' })
    .returning('id')
    .executeTakeFirstOrThrow()
  const user = await db
    .insertInto('users')
    .values({ workspaceId: workspace.id, name: 'A user' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return { workspaceId: workspace.id, userId: user.id }
}

const newChat = async (db: OutlastDatabase, { workspaceId, userId }: Tenant): Promise<string> => {
  const { id } = await db
    .insertInto('aiChats')
    .values({ workspaceId, creatorId: userId, title: 'A chat' })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

describe.each(DATABASES)('the seed contract on %s', (_name, open) => {
  let opened: MigratedDatabase
  let db: OutlastDatabase
  let tenant: Tenant
  let stranger: Tenant
  let runs: AiChatRunRepo
  let messages: AiChatMessageRepo
  let service: AiChatRunService<AiChatRun>

  beforeAll(async () => {
    opened = await open()
    db = opened.db
    tenant = await newTenant(db)
    stranger = await newTenant(db)
    runs = new AiChatRunRepo(db)
    messages = new AiChatMessageRepo(db)
    service = new AiChatRunService(runs)
  })
  afterAll(() => opened[Symbol.asyncDispose]())

  const newRun = async (values: Partial<Parameters<AiChatRunRepo['insert']>[0]> = {}) => {
    const { workspaceId, userId } = tenant
    const chatId = values.chatId ?? (await newChat(db, tenant))
    return runs.insert({ chatId, workspaceId, createdBy: userId, ...values })
  }

  const begin = async () => {
    const chatId = await newChat(db, tenant)
    return { chatId, ...(await service.beginRun({ chatId, ...tenant })) }
  }

  const backdate = (id: string, byMs: number) =>
    db
      .updateTable('aiChatRuns')
      .set({ updatedAt: new Date(Date.now() - byMs) })
      .where('id', '=', id)
      .execute()

  describe('AiChatRunRepo', () => {
    test('a new run is pending, triggered by a user and without steps', async () => {
      const run = await newRun()
      expect(run).toMatchObject({
        workspaceId: tenant.workspaceId,
        createdBy: tenant.userId,
        status: 'pending',
        trigger: 'user',
        driver: 'external',
        stepCount: 0,
        assistantMessageId: null,
        error: null,
        stopRequestedAt: null,
        startedAt: null,
        finishedAt: null,
      })
      expect(run.id).toEqual(expect.any(String))
      expect(run.createdAt).toBeInstanceOf(Date)
      expect(run.updatedAt).toBeInstanceOf(Date)
      expect(await runs.findById(run.id, tenant.workspaceId)).toEqual(run)
    })

    test('what is given wins over the defaults', async () => {
      const startedAt = new Date('2026-01-02T03:04:05.678Z')
      const run = await newRun({
        status: 'running',
        trigger: 'schedule',
        stepCount: 3,
        startedAt,
        options: { b: 1, a: 2 },
      })
      expect(run).toMatchObject({ status: 'running', trigger: 'schedule', stepCount: 3, startedAt })
      expect(JSON.stringify(run.options)).toBe('{"b":1,"a":2}')
    })

    test('a chat has one active run, and a free slot once it settled', async () => {
      const chatId = await newChat(db, tenant)
      const first = await newRun({ chatId, status: 'running' })
      for (const status of ['pending', 'running', 'waiting'] as const) {
        await expect(newRun({ chatId, status })).rejects.toMatchObject({
          code: 'A_RUN_ALREADY_ACTIVE',
        })
      }
      expect(await runs.findActiveByChat(chatId, tenant.workspaceId)).toEqual(first)
      await runs.update(first.id, tenant.workspaceId, { status: 'failed', error: 'It broke.' })
      expect(await runs.findActiveByChat(chatId, tenant.workspaceId)).toBeUndefined()
      const second = await newRun({ chatId })
      expect(await runs.findActiveByChat(chatId, tenant.workspaceId)).toEqual(second)
    })

    test('of any number of simultaneous inserts one is taken', async () => {
      const chatId = await newChat(db, tenant)
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, () => newRun({ chatId, status: 'running' })),
      )
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    test('a settled run needs no free slot', async () => {
      const chatId = await newChat(db, tenant)
      await newRun({ chatId, status: 'running' })
      await expect(newRun({ chatId, status: 'succeeded' })).resolves.toMatchObject({ chatId })
    })

    test('an update touches the run, unless the patch says when', async () => {
      const run = await newRun()
      await backdate(run.id, MINUTE_MS)
      const touched = await runs.update(run.id, tenant.workspaceId, { stepCount: 2 })
      expect(touched).toMatchObject({ stepCount: 2, status: 'pending' })
      expect(touched!.updatedAt.getTime()).toBeGreaterThanOrEqual(run.updatedAt.getTime())
      const updatedAt = new Date('2026-01-02T03:04:05.678Z')
      const dated = await runs.update(run.id, tenant.workspaceId, { updatedAt })
      expect(dated?.updatedAt).toEqual(updatedAt)
    })

    test('a stop is marked on active runs only', async () => {
      const run = await newRun({ status: 'running' })
      const marked = await runs.markStopRequested(run.id, tenant.workspaceId)
      expect(marked?.stopRequestedAt).toBeInstanceOf(Date)
      await runs.finalizeIfActive(run.id, tenant.workspaceId, { status: 'aborted', error: null })
      expect(await runs.markStopRequested(run.id, tenant.workspaceId)).toBeUndefined()
    })

    test('a run settles once', async () => {
      const run = await newRun({ status: 'running' })
      const settled = await runs.finalizeIfActive(run.id, tenant.workspaceId, {
        status: 'failed',
        error: 'It broke.',
      })
      expect(settled).toMatchObject({ status: 'failed', error: 'It broke.' })
      expect(settled?.finishedAt).toBeInstanceOf(Date)
      const again = await runs.finalizeIfActive(run.id, tenant.workspaceId, {
        status: 'succeeded',
        error: null,
      })
      expect(again).toBeUndefined()
      expect(await runs.findById(run.id, tenant.workspaceId)).toEqual(settled)
    })

    test('a run that was asked to stop settles as aborted', async () => {
      const run = await newRun({ status: 'running' })
      await runs.markStopRequested(run.id, tenant.workspaceId)
      const settled = await runs.finalizeIfActive(run.id, tenant.workspaceId, {
        status: 'succeeded',
        error: null,
      })
      expect(settled?.status).toBe('aborted')
    })

    test("the engine's runs are not settled from outside", async () => {
      const run = await newRun({ status: 'running', driver: 'engine' })
      const settled = await runs.finalizeIfActive(run.id, tenant.workspaceId, {
        status: 'succeeded',
        error: null,
      })
      expect(settled).toBeUndefined()
      expect(await runs.findById(run.id, tenant.workspaceId)).toEqual(run)
    })

    test('a sweep aborts stale active runs and nothing else', async () => {
      await runs.sweepRunning() // those that other tests have left behind
      const stale = await newRun({ status: 'running' })
      const staleWaiting = await newRun({ status: 'waiting' })
      const fresh = await newRun({ status: 'running' })
      const settled = await newRun({ status: 'succeeded' })
      const leased = await newRun({ status: 'running', driver: 'engine' })
      for (const { id } of [stale, settled, leased]) await backdate(id, 20 * MINUTE_MS)
      await sql`
        update ai_chat_runs set updated_at = now() - interval '20 minutes'
        where id = ${staleWaiting.id}`.execute(db)
      await backdate(fresh.id, 9 * MINUTE_MS)

      expect(await runs.sweepRunning()).toBe(2)
      const status = async ({ id }: AiChatRun) =>
        (await runs.findById(id, tenant.workspaceId))?.status
      expect(await Promise.all([stale, staleWaiting, fresh, settled, leased].map(status))).toEqual([
        'aborted',
        'aborted',
        'running',
        'succeeded',
        'running',
      ])
      const swept = await runs.findById(stale.id, tenant.workspaceId)
      expect(swept?.finishedAt).toBeInstanceOf(Date)
      expect(swept?.error).toBe('The process that executed this run is gone.')

      expect(await runs.sweepRunning({ staleMs: 5 * MINUTE_MS })).toBe(1)
      expect(await status(fresh)).toBe('aborted')
    })

    test('a foreign workspace sees and changes nothing', async () => {
      const run = await newRun({ status: 'running' })
      const foreign = stranger.workspaceId
      const outcome = { status: 'aborted', error: null } as const
      expect(await runs.findById(run.id, foreign)).toBeUndefined()
      expect(await runs.update(run.id, foreign, { stepCount: 9 })).toBeUndefined()
      expect(await runs.findActiveByChat(run.chatId, foreign)).toBeUndefined()
      expect(await runs.findLatestByChat(run.chatId, foreign)).toBeUndefined()
      expect(await runs.markStopRequested(run.id, foreign)).toBeUndefined()
      expect(await runs.finalizeIfActive(run.id, foreign, outcome)).toBeUndefined()
      expect(await runs.findById(run.id, tenant.workspaceId)).toEqual(run)
    })

    test('a run cannot name the chat of a foreign workspace', async () => {
      const chatId = await newChat(db, stranger)
      await expect(newRun({ chatId })).rejects.toThrow('foreign key')
    })
  })

  describe('AiChatMessageRepo', () => {
    const newMessage = async (values = {}) =>
      messages.insert({
        chatId: await newChat(db, tenant),
        workspaceId: tenant.workspaceId,
        userId: tenant.userId,
        role: 'assistant',
        ...values,
      })

    test('a message is written with its parts and read as it was written', async () => {
      const parts = [{ type: 'text', text: 'camelCase', nestedKey: { innerKey: 1 } }]
      const metadata = { parts, snake_case: true }
      const message = await newMessage({ content: '', status: 'streaming', metadata })
      expect(message).toMatchObject({ role: 'assistant', status: 'streaming', metadata })
      expect(await messages.findById(message.id, tenant.workspaceId)).toEqual(message)
    })

    test('a message without more is completed and empty', async () => {
      const message = await newMessage()
      expect(message).toMatchObject({ status: 'completed', content: '', metadata: null })
    })

    test('an update changes what it names and nothing else', async () => {
      const metadata = { parts: [{ type: 'text', text: 'some' }] }
      const message = await newMessage({ status: 'streaming', metadata })
      const patch = { content: 'all', status: 'completed' } as const
      const updated = await messages.update(message.id, tenant.workspaceId, patch)
      expect(updated).toMatchObject({ ...patch, metadata })
      const cleared = await messages.update(message.id, tenant.workspaceId, { metadata: null })
      expect(cleared).toMatchObject({ ...patch, metadata: null })
    })

    test('characters that no database stores are left out', async () => {
      const metadata = { parts: [{ type: 'text', text: 'a\u0000b\udc00' }] }
      const message = await newMessage({ metadata })
      expect(message.metadata?.parts).toEqual([{ type: 'text', text: 'ab\ufffd' }])
    })

    test('a foreign workspace sees and changes nothing', async () => {
      const message = await newMessage({ content: 'mine' })
      const foreign = stranger.workspaceId
      expect(await messages.findById(message.id, foreign)).toBeUndefined()
      expect(await messages.update(message.id, foreign, { content: 'yours' })).toBeUndefined()
      expect(await messages.findById(message.id, tenant.workspaceId)).toEqual(message)
    })
  })

  describe('AiChatRunService', () => {
    test('a run goes from its beginning to its end with nobody watching', async () => {
      const { chatId, runId, signal } = await begin()
      const { workspaceId, userId } = tenant
      expect(signal.aborted).toBe(false)
      expect(service.isLocallyActive(runId)).toBe(true)
      const begun = await runs.findById(runId, workspaceId)
      expect(begun).toMatchObject({ status: 'running', driver: 'external', trigger: 'user' })
      expect(begun?.startedAt).toBeInstanceOf(Date)

      const answer = await messages.insert({
        chatId,
        workspaceId,
        userId,
        role: 'assistant',
        status: 'streaming',
        metadata: { parts: [] },
      })
      await service.linkAssistantMessage(runId, workspaceId, answer.id)
      await service.recordStep(runId, workspaceId, 1)
      await service.recordStep(runId, workspaceId, 2)
      await service.finalizeRun(runId, workspaceId, 'completed')

      expect(service.isLocallyActive(runId)).toBe(false)
      const latest = await service.getLatestForChat(chatId, workspaceId)
      expect(latest).toMatchObject({
        id: runId,
        status: 'succeeded',
        stepCount: 2,
        assistantMessageId: answer.id,
        error: null,
      })
      expect(latest?.finishedAt).toBeInstanceOf(Date)
    })

    test('the trigger is kept', async () => {
      const chatId = await newChat(db, tenant)
      const { runId } = await service.beginRun({ chatId, ...tenant, trigger: 'webhook' })
      expect(await runs.findById(runId, tenant.workspaceId)).toMatchObject({ trigger: 'webhook' })
    })

    test.each([
      ['completed', 'succeeded', undefined, null],
      ['error', 'failed', 'It broke.', 'It broke.'],
      ['aborted', 'aborted', undefined, null],
    ] as const)('a turn that ends as %s is a run that %s', async (end, status, error, stored) => {
      const { runId } = await begin()
      await service.finalizeRun(runId, tenant.workspaceId, end, error)
      const run = await runs.findById(runId, tenant.workspaceId)
      expect(run).toMatchObject({ status, error: stored })
    })

    test('two concurrent begins give one run and one RunAlreadyActiveError that names it', async () => {
      const chatId = await newChat(db, tenant)
      const results = await Promise.allSettled([
        service.beginRun({ chatId, ...tenant }),
        service.beginRun({ chatId, ...tenant }),
      ])
      const [begun] = results.flatMap((result) =>
        result.status === 'fulfilled' ? [result.value] : [],
      )
      const [refusal] = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as unknown] : [],
      )
      expect(refusal).toMatchObject({
        name: 'RunAlreadyActiveError',
        code: 'A_RUN_ALREADY_ACTIVE',
        activeRunId: begun?.runId,
      })
    })

    test('a stop aborts the signal, marks the run and makes it settle as aborted', async () => {
      const { chatId, runId, signal } = await begin()
      expect(await service.requestStop(runId, tenant.workspaceId)).toBe(true)
      expect(signal.aborted).toBe(true)
      expect(signal.reason).toEqual({ kind: 'stop' })
      const asked = await runs.findById(runId, tenant.workspaceId)
      expect(asked?.status).toBe('running')
      expect(asked?.stopRequestedAt).toBeInstanceOf(Date)
      await service.finalizeRun(runId, tenant.workspaceId, 'aborted')
      const latest = await service.getLatestForChat(chatId, tenant.workspaceId)
      expect(latest?.status).toBe('aborted')
    })

    test('a stop reaches the row of a run that another process executes', async () => {
      const { runId, signal } = await begin()
      const elsewhere = new AiChatRunService(runs)
      expect(elsewhere.isLocallyActive(runId)).toBe(false)
      expect(await elsewhere.requestStop(runId, tenant.workspaceId)).toBe(true)
      expect(signal.aborted).toBe(false)
      const run = await runs.findById(runId, tenant.workspaceId)
      expect(run?.stopRequestedAt).toBeInstanceOf(Date)
    })

    test('a stop is refused for settled and foreign runs', async () => {
      const { runId, signal } = await begin()
      expect(await service.requestStop(runId, stranger.workspaceId)).toBe(false)
      expect(signal.aborted).toBe(false)
      await service.finalizeRun(runId, tenant.workspaceId, 'completed')
      expect(await service.requestStop(runId, tenant.workspaceId)).toBe(false)
      expect(signal.aborted).toBe(false)
    })

    test('a late end never overwrites the first one', async () => {
      const { runId } = await begin()
      await service.finalizeRun(runId, tenant.workspaceId, 'aborted')
      await service.finalizeRun(runId, tenant.workspaceId, 'error', 'late')
      const run = await runs.findById(runId, tenant.workspaceId)
      expect(run).toMatchObject({ status: 'aborted', error: null })
    })

    test('an end from a foreign workspace changes nothing', async () => {
      const { runId } = await begin()
      await service.finalizeRun(runId, stranger.workspaceId, 'completed')
      expect(service.isLocallyActive(runId)).toBe(true)
      const run = await runs.findById(runId, tenant.workspaceId)
      expect(run?.status).toBe('running')
    })

    test('a run has ended here even when the database cannot be told', async () => {
      const rows = new AiChatRunRepo(db)
      const failing = Object.assign(Object.create(rows) as AiChatRunRepo, {
        insert: rows.insert.bind(rows),
        finalizeIfActive: () => Promise.reject(new Error('the database is away')),
      })
      const lonely = new AiChatRunService<AiChatRun>(failing)
      const { runId } = await lonely.beginRun({ chatId: await newChat(db, tenant), ...tenant })
      await expect(lonely.finalizeRun(runId, tenant.workspaceId, 'completed')).rejects.toThrow(
        'the database is away',
      )
      expect(lonely.isLocallyActive(runId)).toBe(false)
    })

    test('the latest run of a chat is the one that began last', async () => {
      const { chatId, runId } = await begin()
      await service.finalizeRun(runId, tenant.workspaceId, 'completed')
      const next = await service.beginRun({ chatId, ...tenant })
      const latest = await service.getLatestForChat(chatId, tenant.workspaceId)
      expect(latest?.id).toBe(next.runId)
      expect(await service.getLatestForChat(chatId, stranger.workspaceId)).toBeUndefined()
    })
  })
})
