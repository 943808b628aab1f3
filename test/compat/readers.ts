/** Clients without the AI SDK: a plain `EventSource`, and a loop around `curl`. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { UIMessage } from 'ai'
import { RUN_HEADER } from '../../src/protocol/routes.ts'
import { SseDecoder, type SseMessage } from '../../src/protocol/sse-decoder.ts'
import { faultyProxy } from '../support/faulty-proxy.ts'
import { Gathered } from './gathered.ts'
import { CLIENTS } from './kits.ts'
import type { Client } from './page.ts'

type Reading = {
  /** Of the API. */
  readonly url: string
  /** The same past the faulty network. */
  readonly direct: string
  readonly chatId: string
  /** A turn to begin; without it the chat's run is attached to. */
  readonly turn?: string
  /** The id of the last message that is there already. */
  readonly after?: string | undefined
  readonly signal: AbortSignal
  readonly onMessage: (message: Pick<SseMessage, 'id' | 'data'>) => void
}

/** Settles when there is nothing more to read, after any number of connections. */
type Read = (reading: Reading) => Promise<void>

const PAUSE_MS = 200

const readerClient = (name: string, read: Read): Client => ({
  name,
  reconnects: true,
  open: async (world, chatId) => {
    const proxy = await faultyProxy(world.server.url)
    const closing = new AbortController()
    const { signal } = closing
    const history = await world.history(chatId)
    let gathered = new Gathered(history)
    let after: string | undefined
    const follow = async (turn?: string) => {
      const onMessage = ({ id, data }: Pick<SseMessage, 'id' | 'data'>) => {
        if (data === '[DONE]') return
        gathered.add(data)
        after = id
      }
      const position = { after, ...(turn === undefined ? {} : { turn }) }
      const [url, direct] = [`${proxy.url}/ai-chat`, `${world.server.url}/ai-chat`]
      await read({ url, direct, chatId, ...position, signal, onMessage })
      await gathered.show()
    }
    return {
      proxy,
      get messages() {
        return gathered.messages
      },
      hasError: false,
      async send(text) {
        const message = { id: randomUUID(), role: 'user', parts: [{ type: 'text', text }] }
        gathered = new Gathered([...history, message as UIMessage])
        await follow(JSON.stringify({ id: chatId, messages: [message] }))
      },
      attach: () => follow(),
      stop: () => postJson(`${world.server.url}/ai-chat/stop`, { chatId }),
      async approve() {
        const { run } = await world.latest(chatId)
        const decisions = gathered.approvals.map((approvalId) => ({ approvalId, approved: true }))
        await postJson(`${world.server.url}/ai-chat/runs/${run.id}/decisions`, { decisions })
        await follow()
        return true
      },
      async [Symbol.asyncDispose]() {
        closing.abort()
        await proxy[Symbol.asyncDispose]()
      },
    }
  },
})

const postJson = (url: string, body: unknown): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

/** It comes back by itself with the id of the last message, unless a proxy answers with an error. */
export const loadEventSource = async (): Promise<Client> => {
  const entry = pathToFileURL(join(CLIENTS, 'node_modules/eventsource/dist/index.js')).href
  const { EventSource: Source } = (await import(entry)) as { EventSource: typeof EventSource }
  return readerClient(
    'EventSource',
    async ({ url, direct, chatId, turn, after, signal, onMessage }) => {
      let path = `${url}/${chatId}/stream`
      if (turn !== undefined) path = `${url}/runs/${await beginTurn(direct, turn)}/stream`
      let position = after
      for (let isDone = false; !isDone && !signal.aborted;) {
        const query = position === undefined ? '' : `?after=${encodeURIComponent(position)}`
        const source = new Source(`${path}${query}`)
        isDone = await new Promise<boolean>((resolve) => {
          signal.addEventListener('abort', () => resolve(true))
          source.addEventListener('message', ({ lastEventId: id, data }) => {
            onMessage({ id, data: String(data) })
            position = id
            if (data === '[DONE]') resolve(true)
          })
          source.addEventListener('error', (error) => {
            if (source.readyState !== Source.CLOSED) return
            // 204: there is nothing to read.
            resolve('code' in error && error.code === 204)
          })
        })
        source.close()
        if (!isDone) await sleep(PAUSE_MS)
      }
    },
  )
}

/** @returns the run's id; the answer is read by another connection */
const beginTurn = async (url: string, turn: string): Promise<string> => {
  const response = await postJson(url, turn)
  await response.body?.cancel()
  return response.headers.get(RUN_HEADER)!
}

export const curl: Client = readerClient('curl', async (reading) => {
  const { url, chatId, turn, signal, onMessage } = reading
  let after = reading.after
  let isDone = false
  while (!isDone && !signal.aborted) {
    const decoder = new SseDecoder()
    const begins = after === undefined && turn !== undefined
    const args = begins
      ? ['--header', 'content-type: application/json', '--data-raw', turn, url]
      : [
          ...(after === undefined ? [] : ['--header', `last-event-id: ${after}`]),
          `${url}/${chatId}/stream`,
        ]
    const { status } = await runCurl(args, signal, (text) => {
      for (const message of decoder.push(text)) {
        onMessage(message)
        after = message.id
        if (message.data === '[DONE]') isDone = true
      }
    })
    if (status === '204') return
    if (!isDone) await sleep(PAUSE_MS)
  }
})

/** Settles with the HTTP status when it ends, however it ends. */
const runCurl = async (
  args: readonly string[],
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<{ readonly status: string }> => {
  const flags = ['--silent', '--no-buffer', '--write-out', '%{stderr}%{http_code}']
  const child = spawn('curl', [...flags, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => void child.kill()
  signal.addEventListener('abort', stop)
  let status = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    status += text
  })
  child.stdout.setEncoding('utf8').on('data', onText)
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  signal.removeEventListener('abort', stop)
  return { status }
}
