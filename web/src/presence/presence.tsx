/** What a page tells of runs and of itself while nobody reads it: the note of the connection, the tab's title and sign, notifications. */
import { useNavigate } from '@tanstack/react-router'
import type { ChatSummary } from 'outlast/client'
import { useEffect, useEffectEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { client } from '../client.ts'
import { afterNews, type KnownChats } from './attention.ts'
import { ConnectionNote } from './connection-note.tsx'
import { notify, tellWhenLookedAt } from './notify.ts'
import { TabSign } from './tab-sign.tsx'

export const Presence = () => {
  const known = useKnownChats()
  useEffect(tellWhenLookedAt, [])
  return (
    <>
      <ConnectionNote />
      <TabSign known={known} />
    </>
  )
}

const useKnownChats = (): KnownChats => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [known, setKnown] = useState<KnownChats>()
  const tell = useEffectEvent((chat: ChatSummary) => {
    const { id, latestRun } = chat
    if (!latestRun) return
    notify({
      key: `${latestRun.id} ${latestRun.status}`,
      title: chat.title ?? t('chats.untitled'),
      body: t(`chats.states.${latestRun.status}`),
      onClick: () => void navigate({ to: '/chats/$chatId', params: { chatId: id } }),
    })
  })
  useEffect(() => {
    let latest: KnownChats
    const set = (chats: KnownChats) => setKnown((latest = chats))
    const unlisten = client.feed.states((news) => {
      const { known: chats, arisen } = afterNews(latest, news)
      set(chats)
      for (const chat of arisen) tell(chat)
    })
    // What somebody else had is nobody's news.
    const unwatch = client.session.onChange(() => set(undefined))
    return () => {
      unlisten()
      unwatch()
    }
  }, [])
  return known
}
