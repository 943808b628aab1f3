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
  const [trouble, setTrouble] = useState<Trouble>()
  // Lives here because it survives a reload of the chat.
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT)
  const isDemo = useIsDemo()

  const show = useCallback((conversation: Conversation) => {
    const arrived = (id: string | undefined) =>
      conversation.messages.some((message) => message.id === id)
    setTrouble(undefined)
    setDraft((kept) => (arrived(kept.id) ? EMPTY_DRAFT : kept))
    setLoaded((before) => ({ ...conversation, generation: (before?.generation ?? 0) + 1 }))
  }, [])
  const reload = useCallback(
    () =>
      loadConversation(chatId).then(show, (error: unknown) =>
        setTrouble(failed('The chat could not be loaded', error)),
      ),
    [chatId, show],
  )

  useEffect(() => {
    void reload()
  }, [reload])

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
          reload={reload}
          loadTrouble={trouble}
          isDemo={isDemo}
        />
      ) : (
        <main>
          {trouble ? (
            <TroubleNote trouble={trouble} onAction={reload} />
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
