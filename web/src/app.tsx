/** The page: loads a chat, and loads it again whenever what is shown may not be the truth. */
import { useCallback, useEffect, useState } from 'react'
import { loadConversation, modelName, type Conversation } from './api.ts'
import { Chat } from './chat.tsx'
import { EMPTY_DRAFT, type Draft } from './composer.tsx'
import { Header } from './header.tsx'
import { failed, type Trouble } from './trouble.ts'
import { TroubleNote } from './trouble-note.tsx'

type Loaded = Conversation & { readonly generation: number }

export const App = ({ chatId }: { chatId: string }) => {
  const [loaded, setLoaded] = useState<Loaded>()
  /** Why nothing could be loaded yet. */
  const [trouble, setTrouble] = useState<Trouble>()
  // Lives here because it survives a reload of the chat.
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT)
  const isDemo = useIsDemo()

  const show = useCallback((conversation: Conversation) => {
    const arrived = (id: string | undefined) =>
      conversation.messages.some((message) => message.id === id)
    setDraft((kept) => (arrived(kept.id) ? EMPTY_DRAFT : kept))
    setLoaded((before) => ({ ...conversation, generation: (before?.generation ?? 0) + 1 }))
  }, [])
  const load = useCallback(
    (): Promise<Trouble | undefined> =>
      loadConversation(chatId).then(
        (conversation) => {
          show(conversation)
          return undefined
        },
        (error: unknown) => failed('The chat could not be loaded', error),
      ),
    [chatId, show],
  )
  const loadFirst = useCallback(() => load().then(setTrouble), [load])
  useEffect(() => {
    void loadFirst()
  }, [loadFirst])

  return (
    <>
      <Header chatId={chatId} isDemo={isDemo} />
      {loaded ? (
        <Chat
          key={loaded.generation}
          chatId={chatId}
          conversation={loaded}
          draft={draft}
          onDraft={setDraft}
          reload={load}
          isDemo={isDemo}
        />
      ) : (
        <main>
          {trouble ? (
            <TroubleNote trouble={trouble} onAction={loadFirst} />
          ) : (
            <p>Loading the chat …</p>
          )}
        </main>
      )}
    </>
  )
}

const useIsDemo = (): boolean => {
  const [isDemo, setIsDemo] = useState(false)
  useEffect(() => {
    modelName().then(
      (name) => setIsDemo(name === 'demo'),
      // The note is a courtesy; that the server is away shows where it matters.
      () => setIsDemo(false),
    )
  }, [])
  return isDemo
}
