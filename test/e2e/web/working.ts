/** A server whose model and tools do what a test says, and its page in a real browser, for a whole test file. */
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import type { RunDetails, RunHold, Step } from '../../../src/client/types.ts'
import { startGates, type Gates } from '../../faults/fixtures/gates.ts'
import { startFakeProvider, type FakeProvider } from '../../support/fake-provider.ts'
import { usePages, type Pages } from '../pages.ts'

const AGENT = fileURLToPath(new URL('fixtures/worker-agent.ts', import.meta.url))

export type Working = {
  readonly pages: Pages
  readonly provider: FakeProvider
  readonly gates: Gates
  /** Begins a run without waiting for its end. @returns its id */
  begin(chatId: string, text?: string, agent?: string): Promise<string>
  /** What the API says. */
  read<T>(path: string): Promise<T>
  run(runId: string): Promise<{ run: RunDetails; holds: RunHold[] }>
  steps(runId: string): Promise<Step[]>
  /** Settles when the run has, or waits for a person. */
  rest(runId: string): Promise<void>
  send(path: string, body: unknown): Promise<Response>
}

/** Registers the hooks of a test file. */
export const prepareWorking = (): Working => {
  let provider: FakeProvider
  let gates: Gates
  const pages = usePages(async () => {
    provider = await startFakeProvider()
    gates = await startGates()
    const env = {
      OUTLAST_CONFIG: AGENT,
      OUTLAST_LEASE_MS: '1000',
      PROVIDER_URL: provider.url,
      GATES_URL: gates.url,
    }
    return { env }
  })
  afterAll(async () => {
    gates?.openAll()
    await gates?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
  })

  const url = (path: string) => new URL(path, pages.server.url)
  const send = (path: string, body: unknown) =>
    fetch(url(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  const read = async <T>(path: string) => (await (await fetch(url(path))).json()) as T
  return {
    pages,
    get provider() {
      return provider
    },
    get gates() {
      return gates
    },
    begin: async (chatId, text = 'Go', agent) => {
      const message = { id: crypto.randomUUID(), parts: [{ type: 'text', text }] }
      const response = await send('/ai-chat', { chatId, message, agent })
      await response.body?.cancel()
      return response.headers.get('x-outlast-run')!
    },
    read,
    run: (runId) => read(`/ai-chat/runs/${runId}`),
    steps: async (runId) => (await read<{ steps: Step[] }>(`/ai-chat/runs/${runId}/steps`)).steps,
    rest: async (runId) => {
      await (await fetch(url(`/ai-chat/runs/${runId}/stream`))).text()
    },
    send,
  }
}
