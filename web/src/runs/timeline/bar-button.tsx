/** One bar. It is rendered again only where it is drawn otherwise. */
import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconHandStop,
  IconHourglass,
  IconPlugConnectedX,
  IconQuestionMark,
  IconServer,
  IconSparkles,
  IconX,
} from '@tabler/icons-react'
import { memo, type CSSProperties } from 'react'
import { useBarText } from './bar-text.ts'
import type { Bar, RunBar } from './chart.ts'
import type { Drawn } from './drawing.ts'
import classes from './timeline.module.css'

type Props = {
  readonly drawn: Drawn
  /** Where the present lies, for what is still going on. */
  readonly end: number | undefined
  /** Pixels of the whole axis. */
  readonly axis: number
  readonly isSelected: boolean
  readonly isStop: boolean
}

export const BarButton = memo(({ drawn, end, axis, isSelected, isStop }: Props) => {
  const { bar, at, waited } = drawn
  const width = Math.max(drawn.width, (end ?? at) - at)
  const pixels = width * axis
  const { name, spoken } = useBarText()
  const style = {
    left: percent(at),
    width: percent(width),
    '--waited': percent(waited),
  } as CSSProperties
  return (
    <button
      type="button"
      className={classes.bar}
      style={style}
      data-key={bar.key}
      data-kind={bar.kind}
      data-state={bar.state}
      data-open={bar.to === undefined || undefined}
      data-worker={bar.kind === 'run' ? colourOf(bar) : undefined}
      aria-pressed={isSelected}
      aria-label={spoken(bar)}
      tabIndex={isStop ? 0 : -1}
    >
      {pixels >= SIGN_PX && (
        <span className={classes.label}>
          <Sign bar={bar} />
          {pixels >= NAME_PX[bar.kind] && <span className={classes.name}>{name(bar)}</span>}
        </span>
      )}
    </button>
  )
})
BarButton.displayName = 'BarButton'

/** From which width on there is room for a sign, and for a name beside it. */
const SIGN_PX = 17
const NAME_PX = { run: 48, model: 66, call: 48 } as const

const WORKER_COLOURS = 4

const colourOf = ({ workerIndex }: RunBar): number | undefined =>
  workerIndex === undefined ? undefined : workerIndex % WORKER_COLOURS

const percent = (share: number): string => `${share * 100}%`

const SIGNS = {
  pending: IconHourglass,
  held: IconServer,
  waiting: IconHandStop,
  queued: IconHourglass,
  lost: IconPlugConnectedX,
  answered: IconSparkles,
  answering: IconSparkles,
  interrupted: IconAlertTriangle,
  broken: IconX,
  asked: IconHandStop,
  approved: IconHourglass,
  awaited: IconHandStop,
  started: IconHourglass,
  succeeded: IconCheck,
  failed: IconX,
  denied: IconBan,
  unknown: IconQuestionMark,
} as const satisfies Record<Bar['state'], unknown>

const Sign = ({ bar }: { readonly bar: Bar }) => {
  const Icon = SIGNS[bar.state]
  return <Icon size={13} aria-hidden />
}
