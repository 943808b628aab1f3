/** The bare AI SDK: `streamText` to an answer of node:http, and nothing that outlives the request. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { convertToModelMessages, isStepCount, streamText, type UIMessage } from 'ai'
import { answerParent } from '../rpc.ts'
import { deltaOf, type Script } from '../script.ts'
import { commonMethods } from './methods.ts'
import { benchModel, benchTools } from './model.ts'

const INSTRUCTIONS = 'You are a helpful assistant.'

const start = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  const { messages } = (await json(incoming)) as { messages: UIMessage[] }
  const result = streamText({
    model: benchModel,
    instructions: INSTRUCTIONS,
    tools: benchTools,
    stopWhen: isStepCount(10),
    messages: await convertToModelMessages(messages),
  })
  await result.pipeUIMessageStreamToResponse(outgoing)
}

const sseOf = (chunk: unknown): string => `data: ${JSON.stringify(chunk)}\n\n`

/** What a log of raw chunks sends to a reader that comes back: all of them. */
const replay = (outgoing: ServerResponse): void => {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const message of replayed) outgoing.write(message)
  outgoing.end('data: [DONE]\n\n')
}
let replayed: readonly string[] = []

const KEEP_ALIVE_MS = 10_000

/** Readers who are all sent the same, with nothing behind it. */
const readers = new Set<ServerResponse>()

const follow = (outgoing: ServerResponse): void => {
  outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
  outgoing.write(': text-delta\n\n')
  readers.add(outgoing)
  const silence = setInterval(() => outgoing.write(': keep-alive\n\n'), KEEP_ALIVE_MS)
  outgoing.once('close', () => {
    clearInterval(silence)
    readers.delete(outgoing)
  })
}

const server = createServer((incoming, outgoing) => {
  if (incoming.method === 'POST') return void start(incoming, outgoing)
  if (incoming.url === '/replay') return replay(outgoing)
  return follow(outgoing)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

const methods = {
  ...commonMethods,
  url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  recordReplay(script: Script): void {
    replayed = Array.from({ length: script.deltas }, (_, index) =>
      sseOf({ type: 'text-delta', id: '0', delta: deltaOf(script, index) }),
    )
  },
  /** Says the words of the script to all readers: the same message, or to each one of its own. */
  broadcast: (script: Script, isShared: boolean): Promise<void> =>
    new Promise((resolve) => {
      let said = 0
      const timer = setInterval(() => {
        const message = () => sseOf({ type: 'text-delta', id: '0', delta: deltaOf(script, said) })
        const shared = isShared ? message() : undefined
        for (const reader of readers) reader.write(shared ?? message())
        said += 1
        if (said < script.deltas) return
        clearInterval(timer)
        for (const reader of readers) reader.end('data: [DONE]\n\n')
        resolve()
      }, script.everyMs)
    }),
}

export type BareMethods = typeof methods
answerParent(methods)
