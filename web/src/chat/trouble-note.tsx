/** What went wrong, in words, with the action that helps. */
import { Button } from '@mantine/core'
import { OutlastError } from 'outlast/client'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Trouble } from './trouble.ts'
import { wayOutOf, type Way } from './way-out.ts'
import classes from './chat.module.css'

type Props = {
  readonly trouble: Trouble
  readonly onWay: (way: Way) => void
}

export const TroubleNote = ({ trouble: { failure, error }, onWay }: Props) => {
  const { t } = useTranslation()
  const { reason, way: best } = wayOutOf(error)
  // What one has not written cannot be written otherwise.
  const way = best ?? (failure === 'load' || failure === 'follow' ? 'reload' : undefined)
  return (
    <div className={classes.trouble} role="alert">
      <p>
        {t(`chat.failures.${failure}`)} {t(`chat.reasons.${reason}`, { reason: error.message })}
      </p>
      {way && <WayButton way={way} error={error} onWay={onWay} />}
    </div>
  )
}

type WayProps = {
  readonly way: Way
  readonly error: Error
  readonly onWay: (way: Way) => void
}

const WayButton = ({ way, error, onWay }: WayProps) => {
  const { t } = useTranslation()
  const count = useSecondsLeft(error)
  const isEarly = way === 'again' && count > 0
  return (
    <Button size="xs" variant="default" disabled={isEarly} onClick={() => onWay(way)}>
      {isEarly ? t('chat.ways.againIn', { count }) : t(`chat.ways.${way}`)}
    </Button>
  )
}

/** Until the server wants to be asked again. */
const useSecondsLeft = (error: Error): number => {
  const wait = error instanceof OutlastError ? (error.retryAfter ?? 0) : 0
  const [left, setLeft] = useState({ error, seconds: wait })
  if (left.error !== error) setLeft({ error, seconds: wait })
  const isOver = left.seconds <= 0
  useEffect(() => {
    if (isOver) return undefined
    const timer = setInterval(
      () => setLeft((before) => ({ ...before, seconds: before.seconds - 1 })),
      1000,
    )
    return () => clearInterval(timer)
  }, [isOver, error])
  return left.seconds
}
