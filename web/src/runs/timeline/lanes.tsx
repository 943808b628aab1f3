/** The bars in their lanes. One of them is reached by the tab key, the others from there by the arrow keys. */
import { useRef, type KeyboardEvent, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { BarButton } from './bar-button.tsx'
import type { Bar } from './chart.ts'
import { firstOf, neighbourOf, type Drawing } from './drawing.ts'
import classes from './timeline.module.css'

type Props = {
  readonly drawing: Drawing
  /** Where the present lies on the axis. */
  readonly now: number
  readonly selected: string | undefined
  /** Under the mouse, or focused. */
  readonly pointed: string | undefined
  readonly onPoint: (key: string | undefined) => void
  readonly onSelect: (bar: Bar) => void
}

export const Lanes = ({ drawing, now, selected, pointed, onPoint, onSelect }: Props) => {
  const { t } = useTranslation()
  const lanes = useRef<HTMLDivElement>(null)
  const { bars, groups } = drawing
  const stop = [pointed, selected].find((key) => key && bars.has(key)) ?? firstOf(drawing)
  const at = ({ target }: SyntheticEvent): Bar | undefined =>
    bars.get((target as Element).closest('[data-key]')?.getAttribute('data-key') ?? '')
  const move = (event: KeyboardEvent) => {
    const next = neighbourOf(drawing, at(event)?.key, event.key)
    if (next === undefined) return
    event.preventDefault()
    lanes.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(next)}"]`)?.focus()
  }
  return (
    <div
      ref={lanes}
      role="toolbar"
      aria-label={t('inspector.timeline.keys')}
      aria-orientation="horizontal"
      onMouseOver={(event) => onPoint(at(event)?.key)}
      onMouseLeave={() => onPoint(undefined)}
      onFocus={(event) => onPoint(at(event)?.key)}
      onBlur={() => onPoint(undefined)}
      onKeyDown={move}
      onClick={(event) => {
        const bar = at(event)
        if (bar) onSelect(bar)
      }}
    >
      {groups.map(({ kind, lanes: rows }) => (
        <div key={kind} className={classes.group} data-kind={kind}>
          <div className={classes.caption}>{t(`inspector.timeline.groups.${kind}`)}</div>
          {rows.map((row, index) => (
            <div key={index} className={classes.lane}>
              {row.map((drawn) => (
                <BarButton
                  key={drawn.bar.key}
                  drawn={drawn}
                  axis={drawing.width}
                  end={drawn.bar.to === undefined ? now : undefined}
                  isSelected={drawn.bar.key === selected}
                  isStop={drawn.bar.key === stop}
                />
              ))}
            </div>
          ))}
        </div>
      ))}
    </div>
  )
}
