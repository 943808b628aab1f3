/** The top of the page: what this is, a new chat, the chats of this browser. */
import { useState } from 'react'
import { chatUrl, newChatId, recentChats } from './chats.ts'

export const Header = ({ chatId, isDemo }: { chatId: string; isDemo: boolean }) => {
  const [fresh] = useState(newChatId)
  return (
    <header className="top">
      <h1>Outlast</h1>
      {isDemo && <span className="badge">demo model</span>}
      <nav aria-label="Chats">
        <Recent chatId={chatId} />
        <a href={chatUrl(fresh)}>New chat</a>
      </nav>
    </header>
  )
}

const Recent = ({ chatId }: { chatId: string }) => {
  // Read when it is opened: other tabs write to it too.
  const [chats, setChats] = useState(recentChats)
  return (
    <details className="recent">
      <summary onClick={() => setChats(recentChats())}>Recent</summary>
      <ul>
        {chats.length === 0 && <li>Nothing has been asked in this browser yet.</li>}
        {chats.map(({ id, title }) => (
          <li key={id}>
            <a href={chatUrl(id)} aria-current={id === chatId ? 'page' : undefined}>
              {title || 'Untitled'}
            </a>
          </li>
        ))}
      </ul>
    </details>
  )
}
