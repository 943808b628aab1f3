'use client'
/** An ordinary `useChat`: whatever happens to the page, the answer goes on and is here again after a reload. */
import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport, type UIMessage } from 'ai'

const transport = new DefaultChatTransport({ api: '/api/ai-chat' })

export const Chat = ({ id, history }: { id: string; history: UIMessage[] }) => {
  const { messages, sendMessage, status, error } = useChat({
    id,
    messages: history,
    transport,
    resume: true,
  })
  const isBusy = status === 'submitted' || status === 'streaming'
  return (
    <main>
      {messages.map((message) => (
        <p key={message.id} className={message.role}>
          <b>{message.role === 'user' ? 'You' : 'Assistant'}</b>{' '}
          {message.parts.map(
            (part, index) => part.type === 'text' && <span key={index}>{part.text}</span>,
          )}
        </p>
      ))}
      {error && <p role="alert">{error.message}</p>}
      <form
        action={(form) => {
          void sendMessage({ text: String(form.get('text')) })
        }}
      >
        <input name="text" aria-label="Your message" placeholder="count to 100" required />
        <button disabled={isBusy}>Send</button>
        <button type="button" disabled={!isBusy} onClick={() => stop(id)}>
          Stop
        </button>
      </form>
    </main>
  )
}

/** For everybody who reads it, in whichever process it runs; `stop()` of `useChat` only stops reading. */
const stop = (chatId: string) =>
  fetch('/api/ai-chat/stop', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chatId }),
  })
