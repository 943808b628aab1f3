/** Outlast under test: real processes of its command line on one PostgreSQL database, and on a Redis if there is to be one. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { UIMessageChunk } from 'ai'
import { startRedis, type RedisServer } from '../test/support/redis.ts'
import { NotNowError, type Effect, type RedisUnderTest, type RunServer } from './adapter.ts'
import type { Fleet } from './fleet.ts'
import { framesOf, partsOf, questionsOf, runOf, withFirst } from './outlast/answers.ts'
import { createChaosDatabase } from './outlast/database.ts'
import { readRuns } from './outlast/ledger.ts'
import { Members, type MembersOptions } from './outlast/members.ts'
import { startScriptedModel } from './outlast/model.ts'

export type OutlastOptions = Fleet & {
  readonly leaseMs: number
  /** A PostgreSQL server and a user who may create databases there. */
  readonly adminUrl: string
  /** Whether they have a Redis, which is started for them. */
  readonly redis?: boolean
  /** Whether nothing that they say to each other over the database arrives. */
  readonly deaf?: boolean
  /** Runs that a worker executes at a time; 4 unless set. */
  readonly concurrency?: number
} & Pick<MembersOptions, 'onSaid'>

const AGENT = fileURLToPath(new URL('outlast/agent.ts', import.meta.url))

/** @example await using server = await startOutlast({ roles: ['server', 'worker', 'worker'], leaseMs: 3000, adminUrl }) */
export const startOutlast = async (options: OutlastOptions): Promise<RunServer> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await createChaosDatabase(options.adminUrl))
  const redis = options.redis ? stack.use(await startRedis()) : undefined
  const model = stack.use(await startScriptedModel())
  const folder = await mkdtemp(join(tmpdir(), 'outlast-chaos-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const effectsFile = join(folder, 'effects')
  await writeFile(effectsFile, '')
  const members = stack.use(
    new Members({
      roles: options.roles,
      databaseUrl: database.url,
      deaf: options.deaf ?? false,
      redisUrl: redis?.url,
      concurrency: options.concurrency ?? 4,
      env: {
        OUTLAST_CONFIG: AGENT,
        OUTLAST_LEASE_MS: String(options.leaseMs),
        CHAOS_PROVIDER: model.url,
        CHAOS_EFFECTS: effectsFile,
      },
      ...(options.onSaid ? { onSaid: options.onSaid } : {}),
    }),
  )
  await members.startAll()
  const member = (process: number) => members.all[process]!
  const address = (process: number, path: string) => new URL(path, member(process).server.url)
  const disposables = stack.move()
  return {
    roles: options.roles,
    exits: members.exits,
    ...(redis ? { redis: underTest(redis, members) } : {}),

    async send(process, { chat, message, edits, text }, signal) {
      const body = {
        chatId: chat,
        message: { id: message, parts: [{ type: 'text', text }] },
        ...(edits === undefined ? {} : { messageId: edits }),
      }
      const response = await post(address(process, '/ai-chat'), body, signal)
      const frames = framesOf(response)
      const first = await frames.next()
      if (first.done) throw new NotNowError('The answer has no beginning.')
      return { run: runOf(first.value), frames: withFirst(first.value, frames) }
    },

    async attach(process, run, after, signal) {
      const url = address(process, `/ai-chat/runs/${run}/stream`)
      const headers = after === undefined ? {} : { 'last-event-id': after }
      return framesOf(await fetch(url, { headers, signal }))
    },

    async stop(process, run, signal) {
      const response = await post(address(process, '/ai-chat/stop'), { runId: run }, signal)
      if (response.status !== 200) throw new NotNowError(await response.text())
      return ((await response.json()) as { stopped: boolean }).stopped
    },

    questions: (frames) => questionsOf(frames.map(({ chunk }) => chunk as UIMessageChunk)),

    async decide(process, run, decided, signal) {
      const decisions = decided.map(({ id, agreed }) => ({ approvalId: id, approved: agreed }))
      const url = address(process, `/ai-chat/runs/${run}/decisions`)
      const response = await post(url, { decisions }, signal)
      if (response.status !== 200) throw new NotNowError(await response.text())
    },

    reassemble: (frames) => partsOf(frames.map(({ chunk }) => chunk as UIMessageChunk)),

    kill: (process) => members.kill(process),
    terminate: (process) => members.terminate(process),
    start: (process) => members.start(process),
    freeze: (process) => member(process).server.signal('SIGSTOP'),
    thaw: (process) => member(process).server.signal('SIGCONT'),
    database: (process, state) => member(process).database.set(state),

    modelCalls: () => model.calls,
    async effects() {
      const lines = (await readFile(effectsFile, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as Effect)
    },
    runs: () => readRuns(database.url),
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}

const underTest = (redis: RedisServer, members: Members): RedisUnderTest => ({
  kill: () => redis.kill(),
  start: () => redis.start(),
  flush: () => redis.flush(),
  freeze: () => redis.freeze(),
  thaw: () => redis.thaw(),
  of: (process, state) => members.all[process]!.redis!.set(state),
})

const post = (url: URL, body: unknown, signal: AbortSignal): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
