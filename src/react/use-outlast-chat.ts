/** `useChat` for chats whose runs outlive the page. */
import { Chat, useChat, type UseChatHelpers } from '@ai-sdk/react'
import type { ChatInit, UIMessage } from 'ai'
import { useCallback, useEffect } from 'react'
import type { OutlastChatTransportOptions } from '../client/chat-transport.ts'
import type { OutlastClient } from '../client/client.ts'
import type { ConnectionState } from '../client/connection.ts'
import { StepRepeatedError } from '../client/errors.ts'
import { FollowedChat } from '../client/followed-chat.ts'
import type { FollowedState, Unsent } from '../client/followed-state.ts'
import type { OutlastMessage, RunSummary } from '../client/types.ts'
import { useOutlastClient } from './provider.tsx'
import { useLive } from './use-live.ts'
import { useObservable } from './use-observable.ts'

export type UseOutlastChatOptions<MESSAGE extends UIMessage> = Omit<
  ChatInit<MESSAGE>,
  'id' | 'transport' | 'messages'
> & {
  readonly id: string
  /** The history as the server said it; loaded unless set. */
  readonly messages?: MESSAGE[] | undefined
  /** As the server said it together with the history: an active run is read at once. */
  readonly activeRun?: RunSummary | null | undefined
  /** As the server said it together with the history: there are earlier messages. */
  readonly before?: string | undefined
  /** How many of the last messages are loaded, and how many more with each `loadEarlier`. All unless set. */
  readonly pageSize?: number
  /** That of the provider unless set. */
  readonly client?: OutlastClient<MESSAGE>
  /** Added to each request: `agent`, `options`. */
  readonly body?: OutlastChatTransportOptions['body']
  /** As of `useChat`. */
  readonly throttle?: number
}

export type OutlastChatHelpers<MESSAGE extends UIMessage> = Omit<UseChatHelpers<MESSAGE>, 'stop'> &
  FollowedState<MESSAGE> & {
    readonly connection: ConnectionState
    /** Stops the run, wherever it was begun and whoever reads it. Closing the page does not. */
    readonly stop: () => Promise<void>
    /** Gives back what could not be sent, for the composer. */
    readonly takeUnsent: () => Unsent<MESSAGE> | undefined
    /** Loads the history anew. */
    readonly reload: () => void
    /** Shows the messages before those that are shown. */
    readonly loadEarlier: () => Promise<void>
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
  // One for each chat; what the other options say is asked of the latest ones when it is needed.
  const made = useLive(client, id, () => makeChat(client, options))
  const { chat, followed } = made
  useEffect(() => made.use(options))
  const helpers = useChat<MESSAGE>({ chat, ...throttleOf(options) })
  const state = useObservable(followed.state)
  const connection = useObservable(client.connection)
  const stop = useCallback(() => followed.stop(), [followed])
  const takeUnsent = useCallback(() => followed.takeUnsent(), [followed])
  const reload = useCallback(() => followed.reload(), [followed])
  const loadEarlier = useCallback(() => followed.loadEarlier(), [followed])
  // What could not be taken back is loaded again, and read on.
  const isRepeating = helpers.error instanceof StepRepeatedError && !state.trouble
  // A message that was refused beside an answer is told by `unsent`; the answer goes on.
  const isGoingOn = helpers.status === 'error' && (state.isReading || isRepeating)
  const status = isGoingOn ? 'streaming' : helpers.status
  const error = isRepeating ? undefined : helpers.error
  const does = { stop, takeUnsent, reload, loadEarlier }
  return { ...helpers, id, ...state, status, error, connection, ...does }
}

const makeChat = <MESSAGE extends UIMessage>(
  client: OutlastClient<MESSAGE>,
  options: UseOutlastChatOptions<MESSAGE>,
) => {
  let latest = options
  const { id, messages, activeRun, before, pageSize, ...rest } = options
  const { client: _, body: __, throttle: ___, ...init } = rest
  const followed = new FollowedChat<MESSAGE>({
    client,
    chatId: id,
    activeRun,
    before,
    pageSize,
    hasHistory: messages !== undefined,
    body: () => {
      const { body } = latest
      return (typeof body === 'function' ? body() : body) ?? {}
    },
  })
  const chat = new Chat<MESSAGE>({
    ...init,
    id,
    messages: messages ?? [],
    transport: followed.transport,
    onError: (error) => {
      if (!(error instanceof StepRepeatedError)) latest.onError?.(error)
    },
    onData: (part) => latest.onData?.(part),
    onToolCall: (call) => latest.onToolCall?.(call),
    sendAutomaticallyWhen: (state) => latest.sendAutomaticallyWhen?.(state) ?? false,
    onFinish: (end) => {
      latest.onFinish?.(end)
      followed.update()
    },
  })
  return {
    chat,
    followed,
    use: (newer: UseOutlastChatOptions<MESSAGE>) => {
      latest = newer
    },
    open: () => followed.connect(chat),
  }
}

const throttleOf = ({ throttle }: { readonly throttle?: number }) =>
  throttle === undefined ? {} : { throttle }
