/** Asks a person whether a call may be executed. */
import { Button, Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApprovalDecision } from './message-body.tsx'
import classes from './message.module.css'

type Props = {
  readonly approval: { readonly id: string; readonly requestReason?: string }
  readonly onDecide: (decision: ApprovalDecision) => void
}

export const Approval = ({ approval: { id, requestReason }, onDecide }: Props) => {
  const { t } = useTranslation()
  const [isDenying, setIsDenying] = useState(false)
  const [reason, setReason] = useState('')
  const deny = () => {
    const said = reason.trim()
    onDecide({ id, approved: false, ...(said ? { reason: said } : {}) })
  }
  return (
    <div className={classes.ask}>
      {requestReason && <p>{requestReason}</p>}
      <p>{t('message.approval.question')}</p>
      {isDenying ? (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            deny()
          }}
        >
          <TextInput
            label={t('message.approval.reason')}
            description={t('message.approval.reasonHint')}
            value={reason}
            maxLength={10_000}
            data-autofocus
            autoFocus
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          <Group gap="xs" mt="sm">
            <Button type="submit" color="red.8" size="sm">
              {t('message.approval.confirmDeny')}
            </Button>
            <Button variant="default" size="sm" onClick={() => setIsDenying(false)}>
              {t('common.cancel')}
            </Button>
          </Group>
        </form>
      ) : (
        <Group gap="xs">
          <Button size="sm" onClick={() => onDecide({ id, approved: true })}>
            {t('message.approval.approve')}
          </Button>
          <Button variant="default" size="sm" onClick={() => setIsDenying(true)}>
            {t('message.approval.deny')}
          </Button>
        </Group>
      )}
    </div>
  )
}
