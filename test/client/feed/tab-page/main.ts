/** A page on the client's feed for tests: what it has read is in its window. */
import { Connections } from '../../../../src/client/connection.ts'
import type { RunFrame } from '../../../../src/client/feed/feed.ts'
import { createFeed } from '../../../../src/client/feed/shared-feed.ts'
import { Http } from '../../../../src/client/http.ts'
import { RUN_HEADER } from '../../../../src/protocol/routes.ts'

const connections = new Connections()
const http = new Http({})
const scope = new URL(location.href).searchParams.get('scope') ?? 'tabs'
const feed = createFeed({ http, connections, ...(scope === 'none' ? {} : { scope }) })

const runs = new Map<string, { frames: RunFrame[]; end?: string }>()

const read = async (runId: string): Promise<void> => {
  const run: { frames: RunFrame[]; end?: string } = { frames: [] }
  runs.set(runId, run)
  try {
    for await (const frame of feed.read(runId, '', new AbortController().signal))
      run.frames.push(frame)
    run.end = 'whole'
  } catch (error) {
    run.end = String(error)
  }
}

const tab = {
  /** Sends a message and leaves its answer, which is read on the feed. */
  async send(chatId: string): Promise<string> {
    const message = { parts: [{ type: 'text', text: 'Count' }] }
    const response = await http.send('/ai-chat', { method: 'POST', json: { chatId, message } })
    const runId = response.headers.get(RUN_HEADER)!
    await response.body!.cancel()
    void read(runId)
    return runId
  },
  read: (runId: string) => void read(runId),
  framesOf: (runId: string) => runs.get(runId)?.frames ?? [],
  endOf: (runId: string) => runs.get(runId)?.end,
  state: () => connections.state.get(),
  /** How the page came to be shown. */
  shown: [] as boolean[],
}

export type TabPage = typeof tab

addEventListener('pageshow', ({ persisted }) => tab.shown.push(persisted))
Object.assign(globalThis, { tab })
