/** A chat whose history and active run come with the page, or the way to sign in. */
import { createOutlastClient } from 'outlast/client'
import { getOutlast } from '../lib/outlast.ts'
import { currentUser, signIn } from '../lib/session.ts'
import { Chat } from './chat.tsx'

/** An id is its user's own: everybody has a chat of this name. */
const CHAT = 'main'

/** Asks the API in this process, with the cookies of the request that is answered. */
const client = createOutlastClient({
  url: 'http://localhost/api/ai-chat',
  fetch: async (url, init) => (await getOutlast()).handler(new Request(url, init)),
})

const Page = async () => {
  const user = await currentUser()
  if (!user) return <SignIn />
  const { messages, activeRun } = await client.chats.messages(CHAT)
  return <Chat id={CHAT} history={{ messages, activeRun }} />
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
