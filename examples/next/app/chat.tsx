'use client'
/** A chat that outlives its page: rendered on the server, it goes on here, with what happens in it anywhere. */
import { createOutlastClient, type OutlastMessage, type RunSummary } from 'outlast/client'
import { useOutlastChat } from 'outlast/react'

const client = createOutlastClient({ url: '/api/ai-chat' })

type History = { messages: OutlastMessage[]; activeRun: RunSummary | null }

export const Chat = ({ id, history }: { id: string; history: History }) => {
  const chat = useOutlastChat({ id, client, ...history })
  const { messages, sendMessage, stop, status, connection, error, unsent, takeUnsent } = chat
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
      {connection === 'reconnecting' && <p role="status">Reconnecting …</p>}
      {error && <p role="alert">{error.message}</p>}
      {unsent && <button onClick={() => sendMessage(takeUnsent()?.message)}>Send it again</button>}
      <form
        action={(form) => {
          void sendMessage({ text: String(form.get('text')) })
        }}
      >
        <input name="text" aria-label="Your message" placeholder="count to 100" required />
        <button disabled={isBusy}>Send</button>
        <button type="button" disabled={!isBusy} onClick={stop}>
          Stop
        </button>
      </form>
    </main>
  )
}
