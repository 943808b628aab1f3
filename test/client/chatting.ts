/** A `Chat` of the AI SDK on our transport, through a network that does what a test says. */
import { Chat } from '@ai-sdk/react'
import type { UIMessage } from 'ai'
import { expect } from 'vitest'
import type { AgentDefinition } from '../../src/agent/define-agent.ts'
import {
  OutlastChatTransport,
  type OutlastChatTransportOptions,
} from '../../src/client/chat-transport.ts'
import { serving, type Serving, type ServingOptions } from '../http/serving.ts'
import { faultyProxy, type FaultyProxy } from '../support/faulty-proxy.ts'

export type Chatting = AsyncDisposable & {
  readonly server: Serving
  readonly network: FaultyProxy
  /** A tab: a chat with a transport of its own, whose history is the server's. */
  tab(options?: TabOptions): Promise<Tab>
}

export type Tab = { readonly chat: Chat<UIMessage>; readonly transport: OutlastChatTransport }

type TabOptions = { readonly chatId?: string } & Partial<
  Pick<OutlastChatTransportOptions, 'onAbort' | 'have' | 'body'>
>

export const chatting = async (
  agent: AgentDefinition,
  options?: ServingOptions,
): Promise<Chatting> => {
  const server = await serving(agent, options)
  const network = await faultyProxy(server.url)
  return {
    server,
    network,
    tab: async ({ chatId = 'c1', ...rest } = {}) => {
      const transport = new OutlastChatTransport({ url: `${network.url}/ai-chat`, ...rest })
      const { messages } = await transport.client.chats.messages(chatId)
      return { chat: new Chat<UIMessage>({ id: chatId, messages, transport }), transport }
    },
    [Symbol.asyncDispose]: async () => {
      await network[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

export const storedMessages = async (server: Serving, chatId = 'c1'): Promise<UIMessage[]> => {
  const answer = await server.get(`/ai-chat/${chatId}/messages`)
  return ((await answer.json()) as { messages: UIMessage[] }).messages
}

/** What two histories are compared by. */
export const plain = (messages: readonly UIMessage[]): unknown =>
  JSON.parse(JSON.stringify(messages.map(({ id, role, parts }) => ({ id, role, parts }))))

/** What the client shows is what the database has: ids and parts. */
export const expectStored = async (
  { chat }: Pick<Tab, 'chat'>,
  server: Serving,
): Promise<readonly UIMessage[]> => {
  const stored = await storedMessages(server, chat.id)
  expect(plain(chat.messages)).toEqual(plain(stored))
  return stored
}
