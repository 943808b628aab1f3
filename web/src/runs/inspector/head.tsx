/** Which run it is, how it is, what became of it in words, and what one can do about it. */
import { Button, Title } from '@mantine/core'
import { IconMessage, IconPlayerStop } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import type { RunDetails } from 'outlast/client'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { tellFailure } from '../../lib/tell-failure.ts'
import { isActive, RunState } from '../run-state.tsx'
import { helpFor } from './help-for.ts'
import classes from './inspector.module.css'

type Props = { readonly run: RunDetails; readonly onStop: () => Promise<unknown> }

export const Head = ({ run, onStop }: Props) => {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { chatId } = run
  return (
    <header className={classes.head}>
      <nav className={classes.crumbs} aria-label={t('inspector.back')}>
        <Link to="/runs">{t('inspector.back')}</Link>
      </nav>
      <div className={classes.titles}>
        <Title order={1} size="h2" className={classes.title}>
          {run.chatTitle ?? t('runs.untitled')}
        </Title>
        <div className={classes.actions}>
          <Button
            variant="default"
            size="sm"
            leftSection={<IconMessage size={16} />}
            onClick={() => void navigate({ to: '/chats/$chatId', params: { chatId } })}
          >
            {t('inspector.openChat')}
          </Button>
          {isActive(run) && <StopButton run={run} onStop={onStop} />}
        </div>
      </div>
      <Outcome run={run} />
    </header>
  )
}

const StopButton = ({ run, onStop }: Props) => {
  const { t } = useTranslation()
  const [isAsked, setIsAsked] = useState(false)
  const stop = async () => {
    setIsAsked(true)
    try {
      await onStop()
    } catch (error) {
      setIsAsked(false)
      throw error
    }
  }
  return (
    <Button
      variant="default"
      size="sm"
      leftSection={<IconPlayerStop size={16} />}
      disabled={isAsked || run.stopRequestedAt !== null}
      onClick={() => tellFailure(stop(), (reason) => t('inspector.stopFailed', { reason }))}
    >
      {t('inspector.stop')}
    </Button>
  )
}

const Outcome = ({ run }: { readonly run: RunDetails }) => {
  const { t } = useTranslation()
  const { status, error, errorCode } = run
  const isStopping = isActive(run) && run.stopRequestedAt !== null
  const became = isStopping ? 'stopping' : errorCode === 'superseded' ? 'superseded' : status
  const help = helpFor(errorCode)
  return (
    <div className={classes.outcome} data-state={status} role="status">
      <RunState run={run} />
      <span>{t(`inspector.became.${became}`)}</span>
      {status === 'failed' && error !== null && <strong className={classes.said}>{error}</strong>}
      {status === 'failed' && help && <span>{t(`inspector.helps.${help}`)}</span>}
      {status === 'failed' && errorCode !== null && <code>{errorCode}</code>}
    </div>
  )
}
