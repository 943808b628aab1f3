/** One chat: its messages, the answer in progress, and where one writes. */
import { VisuallyHidden } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useOutlastChat } from 'outlast/react'
import { useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { activityOf, isBusy } from './activity.ts'
import { Composer } from './composer.tsx'
import { Messages } from './messages.tsx'
import type { RowActions } from './message-row.tsx'
import { RemovedNote } from './removed-note.tsx'
import { pageSizeOf } from './place.ts'
import type { ThreadHandle } from './thread.tsx'
import { TroubleNote } from './trouble-note.tsx'
import { useChatKeys } from './use-chat-keys.ts'
import { useDecisions } from './use-decisions.ts'
import { useDraft } from './use-draft.ts'
import { useDrop } from './use-drop.ts'
import { useFind } from './use-find.ts'
import { useEnds } from './use-ends.ts'
import { useKeptFocus, write } from './use-kept-focus.ts'
import { useStop } from './use-stop.ts'
import { useTurns } from './use-turns.ts'
import { useUploads } from './use-uploads.ts'
import type { Way } from './way-out.ts'
import classes from './chat.module.css'

/** The screen follows a stream that is quicker than it. */
const THROTTLE_MS = 50

export const Conversation = ({ chatId }: { readonly chatId: string }) => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [pageSize] = useState(() => pageSizeOf(chatId))
  const chat = useOutlastChat({ id: chatId, throttle: THROTTLE_MS, pageSize })
  const activity = activityOf(chat)
  const draft = useDraft(chatId)
  const uploads = useUploads(draft.attach)
  const turns = useTurns(chat, draft)
  const { approve, giveOutput } = useDecisions(chat)
  const thread = useRef<ThreadHandle>(null)
  const box = useRef<HTMLTextAreaElement>(null)
  const stop = useStop(activity, chat.stop)
  const drop = useDrop(uploads.add)
  const ended = useEnds(chat.run)
  const find = useFind(chat.messages, chat)
  const keptFocus = useKeptFocus(box)

  const { beginEdit, changeEdit, saveEdit, endEdit, answerAgain } = turns
  const actions = useMemo<RowActions>(
    () => ({ beginEdit, changeEdit, saveEdit, endEdit, answerAgain, approve, giveOutput }),
    [beginEdit, changeEdit, saveEdit, endEdit, answerAgain, approve, giveOutput],
  )
  const editLast = () => {
    const last = chat.messages.findLast(({ role }) => role === 'user')
    if (!last || isBusy(activity)) return
    thread.current?.goTo(last.id)
    beginEdit(last)
  }
  useChatKeys({ box, thread, onFind: find.open, onEscape: stop.press })

  const send: typeof turns.send = (message) => {
    turns.send(message)
    thread.current?.toEnd()
  }
  const takeWay = (way: Way) => {
    const { failure, messageId } = turns.trouble!
    if (way === 'signIn') location.reload()
    else if (way === 'stop') void chat.stop()
    else if (way === 'runs') void navigate({ to: '/runs', search: { status: 'active' } })
    else if (way === 'again' && failure === 'send') send(draft.draft)
    else if (way === 'again' && failure === 'regenerate' && messageId) answerAgain(messageId)
    else {
      turns.letGo()
      chat.reload()
    }
  }

  return (
    <section
      className={classes.chat}
      aria-label={t('chat.heading')}
      {...drop.handlers}
      {...keptFocus}
    >
      <VisuallyHidden component="h1">{t('chat.heading')}</VisuallyHidden>
      <Messages
        chatId={chatId}
        chat={chat}
        activity={activity}
        edit={turns.edit}
        actions={actions}
        find={find}
        thread={thread}
        onNew={() => write(box, 'body, nav a, nav button')}
        onAsk={(text) => send({ text, files: [] })}
      />
      <div className={classes.foot}>
        {turns.trouble && <TroubleNote trouble={turns.trouble} onWay={takeWay} />}
        {chat.isRemoved ? (
          <RemovedNote />
        ) : (
          <Composer
            box={box}
            draft={draft}
            uploads={uploads}
            activity={activity}
            asksToStop={stop.asks}
            onWrite={(text) => {
              turns.letGo()
              draft.write(text)
            }}
            onSend={send}
            onStop={stop.stop}
            onEditLast={editLast}
          />
        )}
      </div>
      {drop.isOver && <div className={classes.drop}>{t('chat.composer.drop')}</div>}
      <VisuallyHidden role="status">{ended && t(`chat.ended.${ended}`)}</VisuallyHidden>
    </section>
  )
}
