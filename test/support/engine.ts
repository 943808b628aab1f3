/** A whole Outlast in this process, on a PostgreSQL database of its own, for tests of the engine. */
import { randomUUID } from 'node:crypto'
import { readUIMessageStream, type UIMessage } from 'ai'
import { expect } from 'vitest'
import type { AgentDefinition } from '../../src/agent/define-agent.ts'
import type { Position } from '../../src/domain/position.ts'
import type { Principal, RunRecord } from '../../src/domain/run.ts'
import type { Attachment } from '../../src/engine/api.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import type { Frame } from '../../src/engine/tail/replay.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import { createMigratedDatabase } from './postgres.ts'
import { assembleOutlast, type Outlast, type OutlastOptions } from '../../src/outlast.ts'

export type TestOutlast = Outlast & {
  readonly principal: Principal
  /** What background work reported; a test that expects none leaves it empty. */
  readonly errors: Error[]
  ask(text: string, chatId?: string): Promise<RunRecord>
  /** All frames of a run until it has settled. */
  tail(run: RunRecord, after?: Position): Promise<Frame[]>
  settled(run: RunRecord): Promise<RunRecord>
}

/** For suites that run on both. */
export const DATABASES: [string, Partial<OutlastOptions>][] = [
  ['PGlite', { database: {} }],
  ['PostgreSQL', {}],
]

export const testOutlast = async (
  agents: readonly AgentDefinition[],
  options: Partial<OutlastOptions> = {},
  decorate: (ports: WorkerPorts) => WorkerPorts = withFastClock,
): Promise<TestOutlast> => {
  const errors: Error[] = []
  const onError = (error: Error) => errors.push(error)
  // An embedded database takes half a second to start; tests that want one say `database: {}`.
  const own = options.database ? undefined : await createMigratedDatabase()
  const database = own ? { url: own.url } : {}
  const outlast = await assembleOutlast(
    { agents, graceMs: 0, onError, database, ...options },
    decorate,
  )
  const close = async (graceMs?: number) => {
    await outlast.close(graceMs)
    await own?.[Symbol.asyncDispose]()
  }
  const principal = { workspaceId: 'w1', userId: 'u1' }
  await outlast.principals.ensure(principal)
  const { engine } = outlast
  const tail = async (run: RunRecord, after?: Position) => {
    const attachment = await engine.attach(principal, { runId: run.id }, after ? { after } : {})
    return collect(attachment!)
  }
  return {
    ...outlast,
    principal,
    errors,
    tail,
    async ask(text, chatId = randomUUID()) {
      const { run } = await engine.startTurn({
        principal,
        chatId,
        message: { parts: [{ type: 'text', text }] },
      })
      return run
    },
    async settled(run) {
      await tail(run)
      return findRun(outlast, principal, run)
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

/** A clock on which the engine's waits are over 20 times sooner. */
export const withFastClock = (ports: WorkerPorts): WorkerPorts => ({
  ...ports,
  clock: { ...ports.clock, after: (ms, callback) => ports.clock.after(ms / 20, callback) },
})

/** For tests with a browser: an answer that waits for it is not one whose model has stalled. */
export const withRealClock = (ports: WorkerPorts): WorkerPorts => ports

const findRun = async ({ engine, db }: Outlast, principal: Principal, run: RunRecord) => {
  const { publicId } = await db
    .selectFrom('aiChats')
    .select('publicId')
    .where('id', '=', run.chatId)
    .executeTakeFirstOrThrow()
  const latest = await engine.latest(principal, publicId)
  return { ...run, ...latest!.run } as unknown as RunRecord
}

export const collect = async (
  attachment: Attachment,
  onBatch: () => void = () => undefined,
): Promise<Frame[]> => {
  const frames: Frame[] = []
  for await (const batch of attachment.frames(new AbortController().signal)) {
    frames.push(...batch)
    // The first batch is the start chunk, which needs no database.
    if (frames.length > batch.length) onBatch()
  }
  expect(attachment.ended).toBe(true)
  return frames
}

/** The parts that the AI SDK's client makes of the chunks. */
export const messageParts = async (chunks: readonly Chunk[]): Promise<UIMessage['parts']> => {
  const stream = new ReadableStream<Chunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.enqueue({ type: 'message-metadata', messageMetadata: { told: true } })
      controller.close()
    },
  })
  let message: UIMessage | undefined
  const onError = () => undefined
  for await (const next of readUIMessageStream({ stream, onError })) message = next
  return JSON.parse(JSON.stringify(message?.parts ?? []))
}

/** The parts of the run's message as the database has them. */
export const storedParts = async ({ db }: Outlast, run: RunRecord): Promise<unknown> => {
  const { metadata } = await db
    .selectFrom('aiChatMessages')
    .select('metadata')
    .where('id', '=', run.assistantMessageId!)
    .executeTakeFirstOrThrow()
  return metadata?.parts
}
