/** Keeps track of the chat's latest run. A stream only shows it: what became of it is asked of the server. */
import type { UseChatHelpers } from '@ai-sdk/react'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import { isActive, latestRun, stopRun, type Message, type Run } from './api.ts'
import { disconnected, failed, isRunActive, unsent, type Trouble } from './trouble.ts'

const POLL_MS = 1000

type Options = {
  chatId: string
  initial: Run | null
  chat: Pick<UseChatHelpers<Message>, 'messages' | 'status' | 'error'>
  /** Puts a question that got no answer back into the composer; false when there is none. */
  takeBack: () => boolean
  reload: () => Promise<void>
}

export const useRun = ({ chatId, initial, chat, takeBack, reload }: Options) => {
  const { messages, status, error } = chat
  const [run, setRun] = useState(initial)
  const [trouble, setTrouble] = useState<Trouble>()
  const [stopping, setStopping] = useState<string>()
  const isStreaming = status === 'submitted' || status === 'streaming'
  const streamed = isStreaming ? runOf(messages) : undefined
  const activeId = streamed ?? (isActive(run) ? run.id : undefined)

  const onEnd = useEffectEvent(async (failure: Error | undefined, hasStreamed: boolean) => {
    if (failure && takeBack()) {
      setTrouble(unsent(failure))
      if (!isRunActive(failure)) return
    } else if (failure && !hasStreamed) {
      return setTrouble(disconnected(failure))
    }
    try {
      const latest = await latestRun(chatId)
      const isShown = messages.some(({ metadata }) => metadata?.runId === latest?.id)
      if (isActive(latest) || !latest || (isShown && !failure)) {
        setRun(latest)
        if (failure && hasStreamed && !isRunActive(failure)) setTrouble(disconnected(undefined))
      } else {
        await reload()
      }
    } catch (unreachable) {
      setTrouble(disconnected(unreachable))
    }
  })

  const before = useRef(status)
  useEffect(() => {
    const hasStreamed = before.current === 'submitted' || before.current === 'streaming'
    before.current = status
    // oxlint-disable-next-line react/set-state-in-effect -- the stream is the outside system, and this is its end
    if (status === 'error') void onEnd(error, hasStreamed)
    else if (status === 'ready' && hasStreamed) void onEnd(undefined, hasStreamed)
  }, [status, error])

  // A run that is active without a stream of ours (it has just settled, or it is tied to another tab) is asked about.
  const onPoll = useEffectEvent(async (isCurrent: () => boolean) => {
    try {
      const latest = await latestRun(chatId)
      if (!isCurrent()) return
      if (isActive(latest)) setRun(latest)
      else await reload()
    } catch (unreachable) {
      if (isCurrent()) setTrouble(disconnected(unreachable))
    }
  })
  const isWaiting = !isStreaming && isActive(run) && (status === 'ready' || isRunActive(error))
  useEffect(() => {
    if (!isWaiting) return
    let isCurrent = true
    const timer = setInterval(() => void onPoll(() => isCurrent), POLL_MS)
    return () => {
      isCurrent = false
      clearInterval(timer)
    }
  }, [isWaiting])

  const stop = async (runId: string) => {
    setStopping(runId)
    try {
      // False: it ended by itself meanwhile, and the stream says so.
      if (!(await stopRun(runId))) setStopping(undefined)
    } catch (refused) {
      setStopping(undefined)
      setTrouble(failed('The run could not be stopped', refused))
    }
  }

  return {
    run,
    trouble,
    clearTrouble: () => setTrouble(undefined),
    isStopping: stopping !== undefined && stopping === activeId,
    stop: activeId === undefined ? undefined : () => void stop(activeId),
  }
}

const runOf = (messages: readonly Message[]): string | undefined => {
  const last = messages.at(-1)
  return last?.role === 'assistant' ? last.metadata?.runId : undefined
}
