/** A run on one time axis: who had it in hand, what the model did, which tools ran beside each other. */
import { useElementSize } from '@mantine/hooks'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNow } from '../../lib/use-now.ts'
import { Axis } from './axis.tsx'
import { useBarText } from './bar-text.ts'
import type { Bar, Chart } from './chart.ts'
import { drawingOf } from './drawing.ts'
import { Lanes } from './lanes.tsx'
import { roomAfter, scaleOf } from './scale.ts'
import { Tools } from './tools.tsx'
import { useView } from './use-view.ts'
import classes from './timeline.module.css'

/** Of what is still going on, while somebody looks. */
const TICK_MS = 250

type Props = {
  readonly chart: Chart
  /** The bar whose panel is open. */
  readonly selected: string | undefined
  readonly onSelect: (bar: Bar) => void
}

export const Timeline = ({ chart, selected, onSelect }: Props) => {
  const { t } = useTranslation()
  const { from, until, isActive } = chart
  const now = Math.max(useNow(TICK_MS, isActive), until)
  const to = isActive ? roomAfter(from, now) : Math.max(until, from + 1)
  const [isCutting, setIsCutting] = useState(true)
  const scale = useMemo(
    () => scaleOf({ from, to }, momentsOf(chart), { isCutting }),
    [from, to, chart, isCutting],
  )
  const { ref, width: seen } = useElementSize()
  const { scroller, view, zoom, setView } = useView(scale, isActive ? now : until)
  const width = Math.max(1, seen * zoom)
  const drawing = useMemo(() => drawingOf(chart, scale, width), [chart, scale, width])
  const [pointed, setPointed] = useState<string>()
  const shown = drawing.bars.get(pointed ?? selected ?? '')
  return (
    <section className={classes.timeline} aria-label={t('inspector.timeline.title')}>
      <Tools
        view={view}
        onView={setView}
        hasGaps={scale.gaps.length > 0 || !isCutting}
        isCutting={isCutting}
        onCutting={setIsCutting}
      />
      <div ref={scroller} className={classes.scroller}>
        <div ref={ref} className={classes.measure} />
        <div className={classes.canvas} style={{ width: `${zoom * 100}%` }}>
          <Axis scale={scale} marks={chart.marks} width={width} now={isActive ? now : undefined} />
          <Lanes
            drawing={drawing}
            now={scale.at(now)}
            selected={selected}
            pointed={pointed}
            onPoint={setPointed}
            onSelect={onSelect}
          />
        </div>
      </div>
      <Readout bar={shown} chart={chart} now={now} />
    </section>
  )
}

const momentsOf = ({ run, model, calls }: Chart): number[] =>
  [...run, ...model, ...calls].flatMap(({ from, to }) => (to === undefined ? [from] : [from, to]))

type ReadoutProps = { readonly bar: Bar | undefined; readonly chart: Chart; readonly now: number }

/** What is pointed at, exactly; who listens instead hears it from the bar itself. */
const Readout = ({ bar, chart, now }: ReadoutProps) => {
  const { t } = useTranslation()
  const { exactly } = useBarText()
  return (
    <div className={classes.readout} aria-hidden>
      {bar ? exactly(bar, chart.from, now) : t('inspector.timeline.hint')}
    </div>
  )
}
