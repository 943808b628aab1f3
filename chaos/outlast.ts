/** Outlast under test: real processes of its command line on one PostgreSQL database, each behind a proxy of its own. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { readSse } from '../src/protocol/sse-decoder.ts'
import { freePort } from '../test/support/ports.ts'
import { startServerProcess, type ServerProcess } from '../test/support/server-process.ts'
import {
  EndedTooSoonError,
  NotNowError,
  type Effect,
  type Exit,
  type Frame,
  type Question,
  type RunServer,
} from './adapter.ts'
import { createChaosDatabase } from './outlast/database.ts'
import { readRuns } from './outlast/ledger.ts'
import { startScriptedModel } from './outlast/model.ts'
import { startDatabaseProxy, type DatabaseProxy } from './outlast/proxy.ts'
import { callNumber } from './script.ts'

export type OutlastOptions = {
  readonly processes: number
  readonly leaseMs: number
  /** A PostgreSQL server and a user who may create databases there. */
  readonly adminUrl: string
  /** Hears what the processes say on their error stream when they end. */
  readonly onSaid?: (process: number, said: string) => void
}

/** Longer than the grace that the server gives its own work. */
const OBEY_MS = 40_000

const AGENT = fileURLToPath(new URL('outlast/agent.ts', import.meta.url))

type Member = {
  readonly proxy: DatabaseProxy
  readonly server: ServerProcess
  /** Set while it may end. */
  ending: boolean
}

/** @example await using server = await startOutlast({ processes: 3, leaseMs: 3000, adminUrl }) */
export const startOutlast = async (options: OutlastOptions): Promise<RunServer> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await createChaosDatabase(options.adminUrl))
  const model = stack.use(await startScriptedModel())
  const folder = await mkdtemp(join(tmpdir(), 'outlast-chaos-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const effectsFile = join(folder, 'effects')
  await writeFile(effectsFile, '')
  const exits: Exit[] = []
  const members: Member[] = []
  const hear = ({ server }: Member, process: number) => options.onSaid?.(process, server.said)

  /** Reports an end that nobody wanted. */
  const watch = (member: Member, process: number): void => {
    const { server, pid } = { server: member.server, pid: member.server.pid }
    void server.ended().then((code) => {
      if (member.ending || server.pid !== pid) return
      exits.push({ process, at: Date.now(), code, said: server.said })
    })
  }

  for (let process = 0; process < options.processes; process++) {
    const proxy = stack.use(await startDatabaseProxy(database.url))
    const server = stack.use(
      await startServerProcess({
        env: {
          PORT: String(await freePort()),
          DATABASE_URL: proxy.url,
          OUTLAST_CONFIG: AGENT,
          OUTLAST_LEASE_MS: String(options.leaseMs),
          CHAOS_PROVIDER: model.url,
          CHAOS_EFFECTS: effectsFile,
          CHAOS_PROCESS: String(process),
        },
      }),
    )
    const member = { proxy, server, ending: false }
    members.push(member)
    watch(member, process)
  }
  // Runs before the processes are killed for good.
  stack.defer(() => {
    for (const member of members) member.ending = true
  })

  const address = (process: number, path: string) => new URL(path, members[process]!.server.url)
  const disposables = stack.move()
  return {
    processes: options.processes,
    exits,

    async send(process, { chat, message, text }, signal) {
      const body = { chatId: chat, message: { id: message, parts: [{ type: 'text', text }] } }
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

    async kill(process) {
      const member = members[process]!
      member.ending = true
      hear(member, process)
      await member.server.kill()
    },

    async terminate(process) {
      const member = members[process]!
      const { server } = member
      member.ending = true
      server.signal('SIGTERM')
      // One that does not obey is killed, and that is an exit code too.
      const impatience = setTimeout(() => server.signal('SIGKILL'), OBEY_MS)
      const code = await server.ended()
      clearTimeout(impatience)
      hear(member, process)
      if (code !== 0) exits.push({ process, at: Date.now(), code, said: server.said })
    },

    async start(process) {
      const member = members[process]!
      try {
        await member.server.start()
      } catch (error) {
        exits.push({ process, at: Date.now(), code: null, said: String(error) })
        return
      }
      member.ending = false
      watch(member, process)
    },

    freeze: (process) => members[process]!.server.signal('SIGSTOP'),
    thaw: (process) => members[process]!.server.signal('SIGCONT'),
    database: (process, state) => members[process]!.proxy.set(state),

    modelCalls: () => model.calls,
    async effects() {
      const lines = (await readFile(effectsFile, 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as Effect)
    },
    runs: () => readRuns(database.url),
    async [Symbol.asyncDispose]() {
      for (const [process, member] of members.entries()) hear(member, process)
      await disposables.disposeAsync()
    },
  }
}

const post = (url: URL, body: unknown, signal: AbortSignal): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })

/** @throws EndedTooSoonError when the response ends in good order before the answer is complete */
async function* framesOf(response: Response): AsyncGenerator<Frame, void> {
  if (response.status !== 200) throw new NotNowError(`${response.status} ${await response.text()}`)
  for await (const { id, data } of readSse(response.body!)) {
    if (data === '[DONE]') return
    yield { id, chunk: JSON.parse(data) }
  }
  throw new EndedTooSoonError('The stream ended without its last word.')
}

async function* withFirst(first: Frame, rest: AsyncIterable<Frame>): AsyncGenerator<Frame, void> {
  yield first
  yield* rest
}

const runOf = ({ chunk }: Frame): string =>
  (chunk as { messageMetadata: { runId: string } }).messageMetadata.runId

const questionsOf = (chunks: readonly UIMessageChunk[]): Question[] => {
  const open = new Map<string, Question>()
  let step = -1
  for (const chunk of chunks) {
    const { type } = chunk as { readonly type: string }
    if (type === 'start-step') step += 1
    // What the step asks is asked again.
    if (type === 'reset-step')
      for (const question of open.values()) if (question.step === step) open.delete(question.id)
    if (chunk.type === 'tool-approval-response') open.delete(chunk.approvalId)
    if (chunk.type === 'tool-approval-request') {
      const { approvalId: id, toolCallId } = chunk
      open.set(id, { id, step, call: callNumber(toolCallId) })
    }
  }
  return [...open.values()]
}

/** As the AI SDK's client puts them together. */
const partsOf = async (chunks: readonly UIMessageChunk[]): Promise<unknown[]> => {
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      // Without it the last state is not always told.
      controller.enqueue({ type: 'message-metadata', messageMetadata: { told: true } })
      controller.close()
    },
  })
  let message: UIMessage | undefined
  const errors: string[] = []
  const onError = (error: unknown) => void errors.push(String(error))
  for await (const next of readUIMessageStream({ stream, onError })) message = next
  // What the run says of its own failure is no part of the message; what the client cannot read is a fault of the server.
  const said = chunks.flatMap((chunk) =>
    chunk.type === 'error' ? [`Error: ${chunk.errorText}`] : [],
  )
  const unreadable = errors.filter((error) => !said.includes(error))
  const parts = JSON.parse(JSON.stringify(message?.parts ?? [])) as unknown[]
  return [...parts, ...unreadable.map((error) => ({ unreadable: error }))]
}
