/** One chat: an ordinary `useChat`, and beside it what the database says about the latest run. */
import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport, generateId } from 'ai'
import { useRef, type Dispatch, type SetStateAction } from 'react'
import { isActive, type Conversation, type Message } from './api.ts'
import { rememberChat } from './chats.ts'
import { Composer, EMPTY_DRAFT, type Draft } from './composer.tsx'
import { DemoNote } from './demo-note.tsx'
import { MessageView } from './message.tsx'
import type { Trouble } from './trouble.ts'
import { TroubleNote } from './trouble-note.tsx'
import { useRun } from './use-run.ts'
import { useStickToEnd } from './use-stick-to-end.ts'

const transport = new DefaultChatTransport<Message>({ api: '/ai-chat' })

type Props = {
  chatId: string
  conversation: Conversation
  draft: Draft
  onDraft: Dispatch<SetStateAction<Draft>>
  reload: () => Promise<void>
  loadTrouble: Trouble | undefined
  isDemo: boolean
}

export const Chat = ({ chatId, conversation, draft, onDraft, reload, ...rest }: Props) => {
  const chat = useChat<Message>({
    id: chatId,
    messages: conversation.messages,
    resume: true,
    transport,
    throttle: 50,
  })
  const { messages, status } = chat
  const sent = useRef<Draft>(undefined)
  const takeBack = () => {
    const question = sent.current
    sent.current = undefined
    if (!question || messages.at(-1)?.id !== question.id) return false
    chat.setMessages(messages.slice(0, -1))
    onDraft(({ text }) => (text ? { text: `${question.text}\n${text}` } : question))
    return true
  }
  const { run, trouble, stop, isStopping, clearTrouble } = useRun({
    chatId,
    initial: conversation.run,
    chat,
    takeBack,
    reload,
  })
  const isStreaming = status === 'submitted' || status === 'streaming'
  const isBusy = isStreaming || isActive(run)
  const shown = trouble ?? rest.loadTrouble
  const stick = useStickToEnd(messages, shown)

  const send = ({ text, id = generateId() }: Draft) => {
    sent.current = { text, id }
    rememberChat(chatId, text)
    onDraft(EMPTY_DRAFT)
    clearTrouble()
    stick()
    void chat.sendMessage({ id, role: 'user', parts: [{ type: 'text', text }] })
  }

  return (
    <>
      <main>
        {rest.isDemo && (
          <DemoNote
            isFolded={messages.length > 0}
            isBusy={isBusy}
            onAsk={(text) => send({ text })}
          />
        )}
        <div role="log" aria-label="Conversation" aria-live="off" aria-busy={isStreaming}>
          {messages.map((message) => (
            <MessageView
              key={message.id}
              message={message}
              ended={run !== null && run.id === message.metadata?.runId ? run : undefined}
            />
          ))}
        </div>
        <p className="state" role="status">
          {stateInWords({ isStreaming, isStopping, isActive: isActive(run), isCut: !!shown })}
        </p>
      </main>
      <footer>
        {shown && <TroubleNote trouble={shown} onAction={reload} />}
        <Composer
          draft={draft}
          onDraft={onDraft}
          onSend={send}
          isBusy={isBusy}
          isStopping={isStopping}
          onStop={stop}
        />
      </footer>
    </>
  )
}

type State = { isStreaming: boolean; isStopping: boolean; isActive: boolean; isCut: boolean }

const stateInWords = (state: State): string => {
  if (state.isStopping) return 'Stopping …'
  if (state.isStreaming) return 'Working …'
  if (state.isActive && !state.isCut)
    return 'An answer is being written. It appears here when it is complete.'
  return ''
}
