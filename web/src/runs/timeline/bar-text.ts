/** What is said of a bar: beside it, to a screen reader, and exactly. */
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { formatClock, formatDuration } from '../../lib/format.ts'
import type { Bar } from './chart.ts'

/** What of a worker's id is enough to tell it from the others. */
const WORKER_LENGTH = 8

export const shortWorker = (worker: string): string => worker.slice(0, WORKER_LENGTH)

export const useBarText = () => {
  const { t } = useTranslation()
  return useMemo(() => {
    /** In the bar. */
    const name = (bar: Bar): string => {
      switch (bar.kind) {
        case 'run':
          return bar.state === 'held' && bar.worker !== undefined
            ? t('inspector.worker', { worker: shortWorker(bar.worker) })
            : t(`inspector.timeline.run.${bar.state}`)
        case 'model':
          return t('inspector.step', { number: bar.stepIndex + 1 })
        case 'call':
          return bar.toolName
        default:
          return bar satisfies never
      }
    }
    const state = (bar: Bar): string => {
      switch (bar.kind) {
        case 'run':
          return t(`inspector.timeline.run.${bar.state}`)
        case 'model':
          return t(`inspector.timeline.model.${bar.state}`)
        case 'call':
          return t(`inspector.calls.${bar.state}`)
        default:
          return bar satisfies never
      }
    }
    const took = ({ from, to }: Bar, now?: number): string => {
      const end = to ?? now
      return end === undefined
        ? t('inspector.timeline.goesOn')
        : formatDuration(Math.max(0, end - from))
    }
    const spoken = (bar: Bar): string => [name(bar), state(bar), took(bar)].join(', ')
    const exactly = (bar: Bar, begin: number, now: number): string =>
      [
        name(bar),
        state(bar),
        t('inspector.timeline.span', {
          from: formatClock(bar.from),
          to: bar.to === undefined ? t('inspector.timeline.now') : formatClock(bar.to),
        }),
        t('inspector.timeline.after', { elapsed: formatDuration(Math.max(0, bar.from - begin)) }),
        t('inspector.timeline.took', { duration: took(bar, now) }),
        ...detailsOf(bar),
      ].join(' · ')
    const detailsOf = (bar: Bar): string[] => {
      if (bar.kind === 'model' && bar.error !== undefined) return [bar.error]
      if (bar.kind === 'model' && bar.firstChunkAt !== undefined)
        return [
          t('inspector.timeline.first', { duration: formatDuration(bar.firstChunkAt - bar.from) }),
        ]
      if (bar.kind === 'call' && bar.waitedUntil !== undefined)
        return [
          t('inspector.timeline.waited', { duration: formatDuration(bar.waitedUntil - bar.from) }),
        ]
      return []
    }
    return { name, state, took, spoken, exactly }
  }, [t])
}
