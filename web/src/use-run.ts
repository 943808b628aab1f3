/** Keeps track of the chat's latest run. A stream only shows it: what became of it is asked of the server. */
import type { UseChatHelpers } from '@ai-sdk/react'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { isActive, latestRun, type Message, type Run } from './api.ts'
import { disconnected, isRunActive, unsent, type Trouble } from './trouble.ts'
import { usePoll } from './use-poll.ts'
import { useStop } from './use-stop.ts'

type Stream = Pick<UseChatHelpers<Message>, 'messages' | 'status' | 'error'>

type Options = {
  chatId: string
  initial: Run | null
  stream: Stream
  /** Puts a question that got no answer back into the composer; false when there is none. */
  takeBack: () => boolean
  /** Shows the chat anew as the database has it, or says why not. */
  reload: () => Promise<Trouble | undefined>
}

export const useRun = ({ chatId, initial, stream, takeBack, reload }: Options) => {
  const { messages, status, error } = stream
  const [run, setRun] = useState(initial)
  const [trouble, setTrouble] = useState<Trouble>()
  const isStreaming = isOpen(status)
  const activeId = (isStreaming && runOf(messages)) || (isActive(run) ? run.id : undefined)
  const stopping = useStop(activeId)
  const retry = async () => setTrouble(await reload())

  useEnd(stream, async (failure) => {
    const isUnsent = failure !== undefined && takeBack()
    if (isUnsent) {
      setTrouble(unsent(failure))
      if (!isRunActive(failure)) return
    }
    try {
      const latest = await latestRun(chatId)
      const isShown = messages.some(({ metadata }) => metadata?.runId === latest?.id)
      // A run that had settled before the history was read is in it: reading it again would change nothing.
      const isOld = latest?.id === initial?.id && !isActive(initial)
      if (latest && !isActive(latest) && !isOld && (failure || !isShown)) return await retry()
      setRun(latest)
      if (!isUnsent) setTrouble(failure && disconnected(failure))
    } catch (unreachable) {
      setTrouble(disconnected(unreachable))
    }
  })

  // It has just settled, or it is tied to another tab: no stream of ours will tell of its end.
  const isUnseen = isActive(run) && (status === 'ready' || (!isStreaming && isRunActive(error)))
  usePoll(isUnseen, async (isCurrent) => {
    try {
      const latest = await latestRun(chatId)
      if (!isCurrent()) return
      if (isActive(latest)) setRun(latest)
      else await retry()
    } catch (unreachable) {
      if (isCurrent()) setTrouble(disconnected(unreachable))
    }
  })

  return {
    run,
    isStreaming,
    // A stream that goes on has left its trouble behind.
    trouble: stopping.trouble ?? (isStreaming ? undefined : trouble),
    retry,
    isStopping: stopping.isStopping,
    stop: stopping.stop,
  }
}

/** Calls `onEnd` each time a stream of the chat has ended or could not be opened. */
const useEnd = (
  { status, error }: Stream,
  onEnd: (failure: Error | undefined) => Promise<void>,
): void => {
  const before = useRef(status)
  const end = useEffectEvent(onEnd)
  useEffect(() => {
    // `useChat` may say `ready` too early, when nothing was to be resumed and a question is on its way.
    const wasOpen = isOpen(before.current)
    before.current = status
    if (status === 'error') void end(error)
    else if (status === 'ready' && wasOpen) void end(undefined)
  }, [status, error])
}

const isOpen = (status: Stream['status']): boolean =>
  status === 'submitted' || status === 'streaming'

const runOf = (messages: readonly Message[]): string | undefined => {
  const last = messages.at(-1)
  return last?.role === 'assistant' ? last.metadata?.runId : undefined
}
