/** What stands above the composer: the messages, or what there is to say while there are none. */
import { Loader, Text } from '@mantine/core'
import type { OutlastMessage } from 'outlast/client'
import type { OutlastChatHelpers } from 'outlast/react'
import type { RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { isBusy, type Activity } from './activity.ts'
import { WorkerNote } from '../presence/worker-note.tsx'
import { MessageRow, type RowActions } from './message-row.tsx'
import { FindBar } from './find-bar.tsx'
import { Thread, type ThreadHandle } from './thread.tsx'
import type { Find } from './use-find.ts'
import { useUnhappyRuns } from './use-unhappy-runs.ts'
import type { Edit } from './use-turns.ts'
import { Welcome } from './welcome.tsx'
import classes from './chat.module.css'

type Props = {
  readonly chatId: string
  readonly chat: OutlastChatHelpers<OutlastMessage>
  readonly activity: Activity
  readonly edit: Edit | undefined
  readonly actions: RowActions
  readonly find: Find
  readonly thread: RefObject<ThreadHandle | null>
  readonly onAsk: (text: string) => void
  /** It is certain that nobody has asked anything here. */
  readonly onNew: () => void
}

export const Messages = (props: Props) => {
  const { chatId, chat, activity, edit, actions, find, thread } = props
  const { t } = useTranslation()
  const runs = useUnhappyRuns(chatId, chat.run)
  const { messages } = chat
  if (messages.length === 0) return <Nothing {...props} />
  const lastQuestion = messages.findLastIndex(({ role }) => role === 'user')
  const busy = isBusy(activity)
  const { isOpen, current, words } = find
  const found = isOpen && current !== undefined ? { messageId: current, words } : undefined
  const loadEarlier = () => void chat.loadEarlier()
  const closeFind = () => {
    find.close()
    if (current === undefined) thread.current?.rest()
    else thread.current?.goTo(current)
  }
  return (
    <Thread
      ref={thread}
      chatId={chatId}
      messages={messages}
      hasEarlier={chat.hasEarlier}
      isLoadingEarlier={chat.isLoadingEarlier}
      loadEarlier={chat.trouble ? undefined : loadEarlier}
      isBusy={busy}
      kept={edit?.messageId}
      found={found}
      aside={find.isOpen && <FindBar find={find} onClose={closeFind} />}
      row={(message, index) => {
        const isLast = index === messages.length - 1
        return (
          <MessageRow
            key={message.id}
            message={message}
            run={runs.get(message.metadata?.runId ?? '')}
            place={index + 1}
            count={chat.hasEarlier ? -1 : messages.length}
            isLast={isLast}
            isLastQuestion={index === lastQuestion}
            isStreaming={isLast && busy && message.role === 'assistant'}
            isBusy={busy}
            isFound={message.id === found?.messageId}
            edit={edit?.messageId === message.id ? edit : undefined}
            actions={actions}
          />
        )
      }}
    >
      <WorkerNote run={chat.run} />
      <p className={classes.state} data-activity={activity}>
        {activity !== 'idle' && activity !== 'waiting' && (
          <Loader size={14} type="dots" color="var(--page-soft)" aria-hidden />
        )}
        {activity !== 'idle' && t(`chat.state.${activity}`)}
      </p>
    </Thread>
  )
}

const Nothing = ({ chat, activity, onAsk, onNew }: Props) => {
  const { t } = useTranslation()
  const isNew = !chat.isLoading && !chat.trouble && !chat.isRemoved && activity === 'idle'
  return (
    <div className={classes.middle}>
      {chat.isLoading && (
        <Text c="dimmed" role="status">
          {t('chat.loading')}
        </Text>
      )}
      {isNew && <Welcome onAsk={onAsk} onShown={onNew} />}
    </div>
  )
}
