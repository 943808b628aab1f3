/** The axis: how long after the beginning, where it is cut, and what happened at one moment. */
import { IconFlag, IconHandFinger, IconPlayerStop } from '@tabler/icons-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { formatClock, formatDuration, formatElapsed } from '../../lib/format.ts'
import type { Mark } from './chart.ts'
import { ticksOf, type Scale } from './scale.ts'
import classes from './timeline.module.css'

const TICK_PX = 90

/** From here on a label has no room to its right. */
const LAST_SHARE = 0.97

const SIGNS = { stop: IconPlayerStop, decided: IconHandFinger, end: IconFlag } as const

type Props = {
  readonly scale: Scale
  readonly marks: readonly Mark[]
  readonly width: number
  /** Undefined where nothing goes on. */
  readonly now: number | undefined
}

export const Axis = ({ scale, marks, width, now }: Props) => {
  const { t } = useTranslation()
  const ticks = useMemo(() => ticksOf(scale, Math.max(2, width / TICK_PX)), [scale, width])
  const left = (at: number) => ({ left: `${at * 100}%` })
  return (
    <>
      <div className={classes.axis} aria-hidden>
        {ticks.map(({ at, elapsedMs }) => (
          <span key={elapsedMs} className={classes.tick} style={left(at)}>
            {formatElapsed(elapsedMs)}
          </span>
        ))}
      </div>
      {scale.gaps.map(({ from, to, at, width: share }) => (
        <div
          key={from}
          className={classes.gap}
          data-edge={at + share > LAST_SHARE || undefined}
          style={{ ...left(at), width: `${share * 100}%` }}
          aria-hidden
        >
          <span>
            {t('inspector.timeline.gap', {
              duration: formatDuration(Math.min(to, now ?? to) - from),
            })}
          </span>
        </div>
      ))}
      <div className={classes.marks}>
        {marks.map(({ kind, at }) => {
          const Sign = SIGNS[kind]
          const text = t(`inspector.timeline.marks.${kind}`, { time: formatClock(at) })
          return (
            <span
              key={`${kind} ${at}`}
              role="img"
              aria-label={text}
              title={text}
              className={classes.mark}
              data-mark={kind}
              style={left(scale.at(at))}
            >
              <Sign size={14} aria-hidden />
            </span>
          )
        })}
      </div>
      {now !== undefined && <div className={classes.now} style={left(scale.at(now))} aria-hidden />}
    </>
  )
}
