/** The page in the browser: rendered here, or taken over from the server. */
import { StrictMode } from 'react'
import { createRoot, hydrateRoot } from 'react-dom/client'
import { createOutlastClient } from '../../../../src/client/index.ts'
import { Room } from './room.tsx'
import type { Given } from './render.tsx'

const root = document.getElementById('root')!
const given = JSON.parse(document.getElementById('given')!.textContent) as Given | null
const chatId = new URLSearchParams(location.search).get('chat') ?? 'c1'

const page = (
  <StrictMode>
    <Room chatId={chatId} given={given} client={createOutlastClient()} />
  </StrictMode>
)
if (given) hydrateRoot(root, page)
else createRoot(root).render(page)
