/** The servers that clients of all versions talk to, and the moments at which their model waits. */
import { fileURLToPath } from 'node:url'
import type { UIMessage } from 'ai'
import { startGates } from '../faults/fixtures/gates.ts'
import type { Barrier } from '../support/barrier.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { latestOf, settledRun, stopRun, type Latest } from '../support/run-client.ts'
import { startServerProcess, type ServerProcess } from '../support/server-process.ts'

/** Short, and longer than a healthy process on a busy machine is ever silent. */
const LEASE_MS = '2500'

const AGENT = fileURLToPath(new URL('agent.ts', import.meta.url))

export type World = AsyncDisposable & {
  /** The process that clients are sent to. */
  readonly server: ServerProcess
  gate(name: string): Barrier
  /** The history of a chat as the database has it. */
  history(chatId: string): Promise<UIMessage[]>
  latest(chatId: string): Promise<Latest>
  /** Waits until the run of the chat has settled. */
  settled(chatId: string): Promise<Latest>
  stop(chatId: string): Promise<boolean>
  /** Starts another process on the same database, which is the `server` from now on. @returns the one before */
  takeTurns(): Promise<ServerProcess>
}

export const startWorld = async (): Promise<World> => {
  await using stack = new AsyncDisposableStack()
  const database = stack.use(await createTestDatabase())
  const gates = stack.use(await startGates())
  const start = async () => stack.use(await startServerProcess({ env }))
  const env = {
    OUTLAST_CONFIG: AGENT,
    OUTLAST_LEASE_MS: LEASE_MS,
    OUTLAST_MAX_ACTIVE_RUNS: '1000',
    OUTLAST_MAX_READERS: '1000',
    OUTLAST_REQUESTS_PER_MINUTE: '0',
    DATABASE_URL: database.url,
    GATES_URL: gates.url,
  }
  let server = await start()
  const disposables = stack.move()
  return {
    get server() {
      return server
    },
    gate: (name) => gates.gate(name),
    async history(chatId) {
      const response = await fetch(new URL(`/ai-chat/${chatId}/messages`, server.url))
      return ((await response.json()) as { messages: UIMessage[] }).messages
    },
    latest: (chatId) => latestOf(server.url, chatId),
    settled: (chatId) => settledRun(server.url, chatId),
    stop: (chatId) => stopRun(server.url, { chatId }),
    async takeTurns() {
      const before = server
      server = disposables.use(await startServerProcess({ env }))
      return before
    },
    [Symbol.asyncDispose]: () => disposables.disposeAsync(),
  }
}
