/** `useChat` for chats whose runs outlive the page. */
import { Chat, useChat, type UseChatHelpers } from '@ai-sdk/react'
import type { ChatInit, UIMessage } from 'ai'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { OutlastChatTransportOptions } from '../client/chat-transport.ts'
import type { OutlastClient } from '../client/client.ts'
import type { ConnectionState } from '../client/connection.ts'
import { FollowedChat, type FollowedState, type Unsent } from '../client/followed-chat.ts'
import type { OutlastMessage, RunSummary } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useObservable } from './use-observable.ts'

export type UseOutlastChatOptions<MESSAGE extends UIMessage> = Omit<
  ChatInit<MESSAGE>,
  'id' | 'transport' | 'messages'
> & {
  readonly id: string
  /** The history as the server said it; loaded unless set. */
  readonly messages?: MESSAGE[]
  /** As the server said it together with the history: an active run is read at once. */
  readonly activeRun?: RunSummary | null
  /** That of the provider unless set. */
  readonly client?: OutlastClient<MESSAGE>
  /** Added to each request: `agent`, `options`. */
  readonly body?: OutlastChatTransportOptions['body']
  /** As of `useChat`. */
  readonly throttle?: number
}

export type OutlastChatHelpers<MESSAGE extends UIMessage> = UseChatHelpers<MESSAGE> &
  FollowedState<MESSAGE> & {
    readonly connection: ConnectionState
    /** Stops the run, wherever it was begun and whoever reads it. Closing the page does not. */
    readonly stop: () => Promise<void>
    /** Gives back what could not be sent, for the composer. */
    readonly takeUnsent: () => Unsent<MESSAGE> | undefined
    /** Loads the history anew. */
    readonly reload: () => void
  }

/**
 * Follows a chat: its history, the answer in progress, and what happens in it elsewhere.
 *
 * @example const { messages, sendMessage, status, connection, stop } = useOutlastChat({ id, messages, activeRun })
 */
export const useOutlastChat = <MESSAGE extends UIMessage = OutlastMessage>(
  options: UseOutlastChatOptions<MESSAGE>,
): OutlastChatHelpers<MESSAGE> => {
  const client = useOutlastClient(options.client)
  const { id } = options
  // One for each chat: what the other options say is asked of the latest ones when it is needed.
  const latest = useRef(options)
  useEffect(() => {
    latest.current = options
  })
  const { chat, followed } = useMemo(() => makeChat(client, id, latest), [client, id])
  useEffect(() => followed.connect(chat), [chat, followed])
  const helpers = useChat<MESSAGE>({ chat, ...throttleOf(options) })
  const state = useObservable(followed.state)
  const connection = useObservable(client.connection)
  const stop = useCallback(() => followed.stop(), [followed])
  const takeUnsent = useCallback(() => followed.takeUnsent(), [followed])
  const reload = useCallback(() => followed.reload(), [followed])
  return { ...helpers, id, ...state, connection, stop, takeUnsent, reload }
}

type Latest<MESSAGE extends UIMessage> = { readonly current: UseOutlastChatOptions<MESSAGE> }

const makeChat = <MESSAGE extends UIMessage>(
  client: OutlastClient<MESSAGE>,
  chatId: string,
  latest: Latest<MESSAGE>,
) => {
  const { messages, activeRun, client: _, body: __, throttle: ___, ...init } = latest.current
  const followed = new FollowedChat<MESSAGE>({
    client,
    chatId,
    activeRun,
    hasHistory: messages !== undefined,
    body: () => {
      const { body } = latest.current
      return (typeof body === 'function' ? body() : body) ?? {}
    },
  })
  const chat = new Chat<MESSAGE>({
    ...init,
    id: chatId,
    messages: messages ?? [],
    transport: followed.transport,
    onError: (error) => latest.current.onError?.(error),
    onData: (part) => latest.current.onData?.(part),
    onToolCall: (call) => latest.current.onToolCall?.(call),
    sendAutomaticallyWhen: (state) => latest.current.sendAutomaticallyWhen?.(state) ?? false,
    onFinish: (end) => {
      latest.current.onFinish?.(end)
      followed.update()
    },
  })
  return { chat, followed }
}

const throttleOf = ({ throttle }: { readonly throttle?: number }) =>
  throttle === undefined ? {} : { throttle }
