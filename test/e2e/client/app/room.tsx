/** A chat, and the list of all of them beside it, with everything that somebody can do there. */
import { lastAssistantMessageIsCompleteWithApprovalResponses, type UIMessage } from 'ai'
import { useState } from 'react'
import type { OutlastClient } from '../../../../src/client/index.ts'
import {
  OutlastProvider,
  useChats,
  useOutlastChat,
  useRuns,
  type OutlastChatHelpers,
} from '../../../../src/react/index.ts'
import type { Given } from './render.tsx'

type Helpers = OutlastChatHelpers<UIMessage>

export const Room = ({
  chatId: first,
  given,
  client,
}: {
  readonly chatId: string
  readonly given: Given | null
  readonly client: OutlastClient
}) => {
  const [chatId, setChatId] = useState(first)
  const [isOpen, setOpen] = useState(true)
  return (
    <OutlastProvider client={client as OutlastClient<UIMessage>}>
      <button onClick={() => setOpen(!isOpen)}>{isOpen ? 'Leave' : 'Come back'}</button>
      <button onClick={() => void client.chats.remove(chatId)}>Remove the chat</button>
      {isOpen && (
        <>
          <List onOpen={setChatId} />
          <ChatOf id={chatId} {...(chatId === first && given ? { given } : {})} />
        </>
      )}
    </OutlastProvider>
  )
}

const List = ({ onOpen }: { readonly onOpen: (chatId: string) => void }) => {
  const chats = useChats()
  const runs = useRuns({ status: ['active'] })
  return (
    <nav>
      {chats.items.map(({ id, latestRun, unread }) => (
        <button key={id} onClick={() => onOpen(id)}>
          {id} {latestRun?.status}
          {unread && ' unread'}
        </button>
      ))}
      <p id="active">{runs.items.length} active</p>
    </nav>
  )
}

const ChatOf = ({ id, given }: { readonly id: string; readonly given?: Given }) => {
  const chat = useOutlastChat<UIMessage>({
    id,
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    ...given,
  })
  const { status, connection, run, isStopping, isRemoved, unsent, trouble, error } = chat
  return (
    <main>
      <p id="state">{`${status} ${connection}`}</p>
      <p id="run">
        {run?.status ?? 'none'}
        {isStopping && ' stopping'}
      </p>
      {chat.messages.map((message) => (
        <Message key={message.id} message={message} chat={chat} />
      ))}
      {isRemoved && <p role="alert">This chat was removed.</p>}
      {trouble && <p role="alert">{trouble.message}</p>}
      {error && <p role="alert">{error.message}</p>}
      {unsent && <p id="unsent">{textOf(unsent.message)}</p>}
      <Composer chat={chat} />
    </main>
  )
}

const Composer = ({ chat }: { readonly chat: Helpers }) => {
  const [draft, setDraft] = useState('')
  const { messages, sendMessage, regenerate, stop, takeUnsent, reload } = chat
  const question = messages.findLast(({ role }) => role === 'user')
  const send = (messageId?: string) => {
    setDraft('')
    void sendMessage(messageId === undefined ? { text: draft } : { text: draft, messageId })
  }
  return (
    <form
      onSubmit={(submit) => {
        submit.preventDefault()
        send()
      }}
    >
      <input
        aria-label="Your message"
        value={draft}
        onChange={({ target }) => setDraft(target.value)}
      />
      <button>Send</button>
      <button type="button" onClick={() => send(question?.id)}>
        Edit
      </button>
      <button type="button" onClick={() => void regenerate()}>
        Answer again
      </button>
      <button type="button" onClick={() => void stop()}>
        Stop
      </button>
      <button type="button" onClick={() => setDraft(textOf(takeUnsent()?.message))}>
        Take back
      </button>
      <button type="button" onClick={reload}>
        Reload
      </button>
    </form>
  )
}

const Message = ({ message, chat }: { readonly message: UIMessage; readonly chat: Helpers }) => (
  <section data-message={message.id} data-role={message.role}>
    <p data-text>{textOf(message)}</p>
    {message.parts.map(
      (part) =>
        part.type === 'tool-pay' &&
        'state' in part && (
          <p key={part.toolCallId}>
            <code>pay {part.state}</code>
            {part.state === 'approval-requested' &&
              [true, false].map((approved) => (
                <button
                  key={String(approved)}
                  onClick={() =>
                    void chat.addToolApprovalResponse({ id: part.approval.id, approved })
                  }
                >
                  {approved ? 'Approve' : 'Deny'}
                </button>
              ))}
          </p>
        ),
    )}
  </section>
)

const textOf = (message: UIMessage | undefined): string =>
  message?.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''
