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
  reload: () => Promise<Trouble | undefined>
  isDemo: boolean
}

export const Chat = ({ chatId, conversation, draft, onDraft, reload, isDemo }: Props) => {
  const chat = useChat<Message>({
    id: chatId,
    messages: conversation.messages,
    resume: true,
    transport,
    throttle: 50,
  })
  const { messages } = chat
  const sent = useRef<Draft>(undefined)
  const takeBack = () => {
    const question = sent.current
    sent.current = undefined
    if (!question || messages.at(-1)?.id !== question.id) return false
    chat.setMessages(messages.slice(0, -1))
    onDraft(({ text }) => (text ? { text: `${question.text}\n${text}` } : question))
    return true
  }
  const { run, isStreaming, trouble, retry, isStopping, stop } = useRun({
    chatId,
    initial: conversation.run,
    stream: chat,
    takeBack,
    reload,
  })
  const isBusy = isStreaming || isActive(run)
  const stick = useStickToEnd(messages, trouble)

  const send = ({ text, id = generateId() }: Draft) => {
    sent.current = { text, id }
    rememberChat(chatId, text)
    stick()
    void chat.sendMessage({ id, role: 'user', parts: [{ type: 'text', text }] })
  }

  return (
    <>
      <main>
        {isDemo && (
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
          {isStopping ? 'Stopping …' : isBusy && !trouble && 'Working …'}
        </p>
      </main>
      <footer>
        {trouble && <TroubleNote trouble={trouble} onAction={retry} />}
        <Composer
          draft={draft}
          onDraft={onDraft}
          onSend={(question) => {
            onDraft(EMPTY_DRAFT)
            send(question)
          }}
          isBusy={isBusy}
          isStopping={isStopping}
          onStop={stop}
        />
      </footer>
    </>
  )
}
