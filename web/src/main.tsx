/** Starts the page. */
import './no-eval.ts'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { openChat } from './chats.ts'

createRoot(document.getElementById('root')!).render(<App chatId={openChat()} />)
