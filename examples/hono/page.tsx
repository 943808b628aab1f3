/** A page of an ordinary `useChat`: whatever happens to it, the answer goes on and is here again after a reload. */
import { useChat } from '@ai-sdk/react'
import { DefaultChatTransport, type UIMessage } from 'ai'
import { createRoot } from 'react-dom/client'

/** An id is its user's own: everybody has a chat of this name. */
const CHAT = 'main'

const transport = new DefaultChatTransport({ api: '/api/ai-chat' })

const Chat = ({ history }: { history: UIMessage[] }) => {
  const { messages, sendMessage, status, error } = useChat({
    id: CHAT,
    messages: history,
    transport,
    resume: true,
  })
  const isBusy = status === 'submitted' || status === 'streaming'
  return (
    <>
      {messages.map(({ id, role, parts }) => (
        <p key={id} className={role}>
          <b>{role === 'user' ? 'You' : 'Assistant'}</b>{' '}
          {parts.map((part, index) => part.type === 'text' && <span key={index}>{part.text}</span>)}
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
        <button type="button" disabled={!isBusy} onClick={stop}>
          Stop
        </button>
      </form>
    </>
  )
}

/** For everybody who reads it, in whichever process it runs; `stop()` of `useChat` only stops reading. */
const stop = () =>
  fetch('/api/ai-chat/stop', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chatId: CHAT }),
  })

const SignIn = () => (
  <form method="post" action="/sign-in">
    <input name="name" aria-label="Your name" required />
    <button>Sign in</button>
  </form>
)

const response = await fetch(`/api/ai-chat/${CHAT}/messages`)
const page = response.ok ? <Chat history={(await response.json()).messages} /> : <SignIn />
createRoot(document.getElementById('root')!).render(page)
