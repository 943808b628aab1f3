/** A tab as the React hook makes it, without React: a `Chat` that is followed. */
import { Chat } from '@ai-sdk/react'
import type { ChatInit, UIMessage } from 'ai'
import { expect } from 'vitest'
import { createOutlastClient, type OutlastClient } from '../../src/client/client.ts'
import { FollowedChat, type FollowedChatOptions } from '../../src/client/followed-chat.ts'
import type { Chatting } from './chatting.ts'
import { eventually } from '../support/eventually.ts'

export type FollowedTab = {
  readonly chat: Chat<UIMessage>
  readonly followed: FollowedChat<UIMessage>
  readonly client: OutlastClient<UIMessage>
  readonly close: () => void
}

type Options = Partial<Pick<FollowedChatOptions<UIMessage>, 'activeRun' | 'before' | 'pageSize'>> &
  Pick<ChatInit<UIMessage>, 'messages' | 'sendAutomaticallyWhen'> & { readonly chatId?: string }

/** Loads the history unless it is given. */
export const followedTab = (
  { network }: Pick<Chatting, 'network'>,
  {
    chatId = 'c1',
    activeRun,
    before,
    pageSize,
    messages,
    sendAutomaticallyWhen = () => false,
  }: Options = {},
): FollowedTab => {
  const client = createOutlastClient<UIMessage>({ url: `${network.url}/ai-chat` })
  const hasHistory = messages !== undefined
  const options = { client, chatId, activeRun, before, pageSize, hasHistory }
  const followed = new FollowedChat<UIMessage>(options)
  const chat = new Chat<UIMessage>({
    id: chatId,
    messages: messages ?? [],
    transport: followed.transport,
    onFinish: () => followed.update(),
    sendAutomaticallyWhen,
  })
  const disconnect = followed.connect(chat)
  const close = () => {
    disconnect()
    client.close()
  }
  return { chat, followed, client, close }
}

export const textsOf = ({ chat }: Pick<FollowedTab, 'chat'>): string[] =>
  chat.messages.map(({ parts }) =>
    parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
  )

/** Waits until it shows these texts and no others. */
export const shows = (tab: FollowedTab, expected: readonly string[]): Promise<void> =>
  eventually(() => expect(textsOf(tab)).toEqual(expected))

export const atRest = (tab: FollowedTab): Promise<void> =>
  eventually(() => expect(tab.chat.status).toMatch(/ready|error/))
