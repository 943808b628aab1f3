/** A page of an application: a client of one chat, and the network between it and the server. */
import type { Chat } from '@ai-sdk/react'
import type { ChatTransport, UIMessage } from 'ai'
import type * as Outlast from '../../src/client/index.ts'
import { faultyProxy, type FaultyProxy } from '../support/faulty-proxy.ts'
import type { Kit } from './kits.ts'
import type { World } from './world.ts'

export type Page = AsyncDisposable & {
  readonly proxy: FaultyProxy
  /** What it shows. */
  readonly messages: readonly UIMessage[]
  /** It shows an error. */
  readonly hasError: boolean
  /** Settles when the client takes the answer for complete, or for failed. */
  send(text: string): Promise<void>
  /** What the user does, or the page when it is loaded: attaches to the run of the chat. */
  attach(): Promise<void>
  /** The user presses stop. */
  stop(): Promise<unknown>
  /** The user agrees to what is asked. @returns false when nothing is asked */
  approve(): Promise<boolean>
}

export type Client = {
  readonly name: string
  /** Of `ai`, where it has one. */
  readonly version?: string
  /** It comes back by itself when its connection breaks. */
  readonly reconnects: boolean
  /** A page as the browser shows it when its address is opened: with the history. */
  open(world: World, chatId: string): Promise<Page>
}

export type TransportFactory = (
  kit: Kit,
  url: string,
) => AsyncDisposable & {
  readonly transport: ChatTransport<UIMessage>
  /** A stop that is more than that of `useChat`. */
  stop?(chatId: string): Promise<unknown>
}

/** `useChat` without a browser, with the transport that is given. */
export const chatClient = (
  kit: Kit,
  { name, reconnects, make }: { name: string; reconnects: boolean; make: TransportFactory },
): Client => ({
  name,
  version: kit.version,
  reconnects,
  open: async (world, id) => {
    await using stack = new AsyncDisposableStack()
    const proxy = stack.use(await faultyProxy(world.server.url))
    const { transport, stop } = stack.use(make(kit, proxy.url))
    const messages = await world.history(id)
    const chat: Chat<UIMessage> = new kit.Chat({ id, transport, messages })
    const disposables = stack.move()
    return {
      proxy,
      get messages() {
        return chat.messages
      },
      get hasError() {
        return chat.status === 'error'
      },
      send: (text) => chat.sendMessage({ text }),
      attach: () => chat.resumeStream(),
      stop: () => (stop ? stop(id) : chat.stop()),
      approve: () => approveIn(chat),
      [Symbol.asyncDispose]: () => disposables.disposeAsync(),
    }
  },
})

const approveIn = async (chat: Chat<UIMessage>): Promise<boolean> => {
  const parts = chat.messages.at(-1)?.parts ?? []
  const asked = parts.find((part) => 'approval' in part && part.approval !== undefined)
  if (!asked || !('approval' in asked) || typeof chat.addToolApprovalResponse !== 'function')
    return false
  await chat.addToolApprovalResponse({ id: asked.approval!.id, approved: true })
  await chat.sendMessage()
  return true
}

/** With the transport that comes with the AI SDK. */
export const defaultTransport: TransportFactory = (kit, url) => ({
  transport: new kit.DefaultChatTransport({ api: `${url}/ai-chat` }),
  [Symbol.asyncDispose]: async () => undefined,
})

/** With ours, as an application on this version has it. */
export const outlastTransport =
  ({ OutlastChatTransport }: Pick<typeof Outlast, 'OutlastChatTransport'>): TransportFactory =>
  (_kit, url) => {
    // One page has nothing to do with another one of this process.
    const transport = new OutlastChatTransport({ url: `${url}/ai-chat`, share: false })
    return {
      transport,
      stop: transport.stop,
      [Symbol.asyncDispose]: async () => transport.close(),
    }
  }
