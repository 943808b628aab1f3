/** The few numbers that one looks at first. */
import type { Overview } from 'outlast/client'
import { useTranslation } from 'react-i18next'
import { formatCost, formatCount, formatDuration, formatShort } from '../lib/format.ts'
import { formatShare } from './format-bucket.ts'
import classes from './overview.module.css'

type Tile = { readonly name: string; readonly value: string; readonly about: string }

export const Tiles = ({ totals }: { readonly totals: Overview['totals'] }) => {
  const { t } = useTranslation()
  const tiles = useTiles(totals)
  return (
    <dl className={classes.tiles} aria-label={t('overview.totals')}>
      {tiles.map(({ name, value, about }) => (
        <div key={name} className={classes.tile}>
          <dt>{name}</dt>
          <dd className={classes.value}>{value}</dd>
          <dd className={classes.about}>{about}</dd>
        </div>
      ))}
    </dl>
  )
}

const useTiles = (totals: Overview['totals']): readonly Tile[] => {
  const { t } = useTranslation()
  const { runs, succeeded, active, inputTokens, outputTokens, costMicros, durationMs } = totals
  const ended = runs - active
  return [
    {
      name: t('overview.tiles.runs'),
      value: formatCount(runs),
      about: t('overview.tiles.active', { count: active }),
    },
    {
      name: t('overview.tiles.success'),
      value: formatShare(succeeded, ended),
      about:
        ended === 0
          ? t('overview.tiles.noneEnded')
          : t('overview.tiles.ended', {
              succeeded: formatCount(succeeded),
              ended: formatCount(ended),
            }),
    },
    {
      name: t('overview.tiles.median'),
      value: durationMs ? formatDuration(durationMs.p50) : '–',
      about: durationMs
        ? t('overview.tiles.slow', { p90: formatDuration(durationMs.p90) })
        : t('overview.tiles.noneEnded'),
    },
    {
      name: t('overview.tiles.tokens'),
      value: formatShort(inputTokens + outputTokens),
      about: t('overview.tiles.inOut', {
        input: formatShort(inputTokens),
        output: formatShort(outputTokens),
      }),
    },
    {
      name: t('overview.tiles.cost'),
      value: costMicros === null ? '–' : formatCost(costMicros),
      about:
        costMicros === null
          ? t('overview.tiles.noPrices')
          : t('overview.tiles.perRun', { cost: formatCost(costMicros / runs) }),
    },
  ]
}
