/** A chat that outlives its page: what happens in it anywhere is shown here, and here again after a reload. */
import { OutlastProvider, useOutlastChat } from 'outlast/react'
import { createOutlastClient, NotAuthenticatedError } from 'outlast/client'
import { createRoot } from 'react-dom/client'

/** An id is its user's own: everybody has a chat of this name. */
const CHAT = 'main'

const client = createOutlastClient({ url: '/api/ai-chat' })

const Chat = () => {
  const chat = useOutlastChat({ id: CHAT })
  const { messages, sendMessage, stop, status, connection, error, unsent, takeUnsent } = chat
  const isBusy = status === 'submitted' || status === 'streaming'
  if (chat.trouble instanceof NotAuthenticatedError) return <SignIn />
  if (chat.isLoading) return null
  return (
    <>
      {messages.map(({ id, role, parts }) => (
        <p key={id} className={role}>
          <b>{role === 'user' ? 'You' : 'Assistant'}</b>{' '}
          {parts.map((part, index) => part.type === 'text' && <span key={index}>{part.text}</span>)}
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
    </>
  )
}

const SignIn = () => (
  <form method="post" action="/sign-in">
    <input name="name" aria-label="Your name" required />
    <button>Sign in</button>
  </form>
)

createRoot(document.getElementById('root')!).render(
  <OutlastProvider client={client}>
    <Chat />
  </OutlastProvider>,
)
