/** The page on the server. */
import type { UIMessage } from 'ai'
import { StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { createOutlastClient, type RunSummary } from '../../../../src/client/index.ts'
import { Room } from './room.tsx'

/** What the server knows of a chat when it renders it. */
export type Given = { readonly messages: UIMessage[]; readonly activeRun: RunSummary | null }

export type Rendered = { readonly markup: string; readonly given: Given | null }

/** @param history - as the server's own interface has it; it is the same as over HTTP once it is JSON */
export type Render = (chatId: string, history: unknown) => Rendered

export const render: Render = (chatId, history) => {
  const given = JSON.parse(JSON.stringify(history)) as Given
  const page = (
    <StrictMode>
      <Room chatId={chatId} given={given} client={createOutlastClient()} />
    </StrictMode>
  )
  return { markup: renderToString(page), given }
}
