/** A chat whose history comes with the page, or the way to sign in. */
import type { UIMessage } from 'ai'
import { getOutlast } from '../lib/outlast.ts'
import { currentUser, signIn } from '../lib/session.ts'
import { Chat } from './chat.tsx'

/** An id is its user's own: everybody has a chat of this name. */
const CHAT = 'main'

const Page = async () => {
  const user = await currentUser()
  if (!user) return <SignIn />
  const { outlast } = await getOutlast()
  const { messages } = await outlast.chats.messages(user, CHAT, {})
  return <Chat id={CHAT} history={messages as UIMessage[]} />
}

// Whoever says a name is that user: your own way to sign in stands here.
const SignIn = () => {
  const action = async (form: FormData) => {
    'use server'
    await signIn(String(form.get('name')))
  }
  return (
    <form action={action}>
      <input name="name" aria-label="Your name" required />
      <button>Sign in</button>
    </form>
  )
}

export default Page
