/** One message of the thread: who says it, what it says, and what one can do with it. */
import type { OutlastMessage, RunSummary } from 'outlast/client'
import { memo, useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { MessageBody, type ApprovalDecision, type GivenOutput } from '../message/message-body.tsx'
import { EditMessage } from './edit-message.tsx'
import { MessageActions } from './message-actions.tsx'
import classes from './message-row.module.css'
import type { Edit } from './use-turns.ts'

export type RowActions = {
  readonly beginEdit: (message: OutlastMessage) => void
  readonly changeEdit: (text: string) => void
  readonly saveEdit: (edit: Edit) => void
  readonly endEdit: () => void
  readonly answerAgain: (messageId: string) => void
  readonly approve: (message: OutlastMessage, decision: ApprovalDecision) => void
  readonly giveOutput: (message: OutlastMessage, given: GivenOutput) => void
}

type Props = {
  readonly message: OutlastMessage
  readonly run: RunSummary | undefined
  /** Counted from 1. */
  readonly place: number
  /** -1: nobody knows how many there are. */
  readonly count: number
  readonly isLast: boolean
  /** A message of the user with nothing but its answer behind it. */
  readonly isLastQuestion: boolean
  readonly isStreaming: boolean
  /** No other turn can begin now. */
  readonly isBusy: boolean
  readonly isFound: boolean
  /** The text so far, while it is edited. */
  readonly edit: Edit | undefined
  readonly actions: RowActions
}

export const MessageRow = memo((props: Props) => {
  const { message, run, place, count, isLast, isStreaming, isBusy, edit, actions } = props
  const { t } = useTranslation()
  const isUser = message.role === 'user'
  const onApproval = useCallback(
    (decision: ApprovalDecision) => actions.approve(message, decision),
    [actions, message],
  )
  const onOutput = useCallback(
    (given: GivenOutput) => actions.giveOutput(message, given),
    [actions, message],
  )
  return (
    <article
      className={classes.row}
      data-role={message.role}
      data-message-id={message.id}
      data-found={props.isFound || undefined}
      aria-label={t(isUser ? 'chat.you' : 'chat.answer')}
      aria-posinset={place}
      aria-setsize={count}
      tabIndex={-1}
    >
      {edit === undefined ? (
        <>
          <div className={classes.body}>
            <MessageBody
              message={message}
              isStreaming={isStreaming}
              run={run}
              onApproval={onApproval}
              onOutput={onOutput}
            />
          </div>
          {!isStreaming && (
            <MessageActions
              message={message}
              hasFailed={run?.status === 'failed'}
              isLast={isLast}
              isBusy={isBusy}
              actions={actions}
            />
          )}
        </>
      ) : (
        <EditMessage
          edit={edit}
          isLast={props.isLastQuestion}
          isBusy={isBusy}
          onChange={actions.changeEdit}
          onSave={actions.saveEdit}
          onClose={actions.endEdit}
        />
      )}
    </article>
  )
})
MessageRow.displayName = 'MessageRow'
