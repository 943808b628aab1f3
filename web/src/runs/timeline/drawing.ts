/** Where each bar is drawn, and which one the arrow keys lead to. */
import type { Bar, Chart } from './chart.ts'
import { lanesOf, type Placed } from './pack.ts'
import type { Scale } from './scale.ts'

export type Drawn = Placed<Bar> & {
  /** The share of the bar that was spent waiting: for the first words, or for a person. */
  readonly waited: number
}

export type Group = { readonly kind: Bar['kind']; readonly lanes: readonly (readonly Drawn[])[] }

export type Drawing = {
  /** Of the whole axis, in pixels. */
  readonly width: number
  readonly groups: readonly Group[]
  readonly bars: ReadonlyMap<string, Bar>
}

const SMALLEST_PX = 6

/** @param width - of the whole axis in pixels */
export const drawingOf = (chart: Chart, scale: Scale, width: number): Drawing => {
  const least = Math.min(1, SMALLEST_PX / width)
  const extent = ({ from, to }: Bar) =>
    [scale.at(from), to === undefined ? 1 : scale.at(to)] as const
  const drawn = ({ bar, at, width: full }: Placed<Bar>): Drawn => {
    const isOpen = bar.to === undefined
    const until = waitedUntil(bar)
    const waited = until === undefined ? 0 : (scale.at(until) - scale.at(bar.from)) / full
    return { bar, at, width: isOpen ? least : full, waited: Math.min(1, Math.max(0, waited)) }
  }
  const groups = [
    // What follows each other in time has one lane, however small it is.
    { kind: 'run', lanes: [chart.run.map((bar) => placed(bar, extent(bar), least))] },
    { kind: 'model', lanes: [chart.model.map((bar) => placed(bar, extent(bar), least))] },
    { kind: 'call', lanes: lanesOf<Bar>(chart.calls, extent, least) },
  ] as const
  return {
    width,
    groups: groups
      .map(({ kind, lanes }) => ({ kind, lanes: lanes.map((lane) => lane.map(drawn)) }))
      .filter(({ lanes }) => lanes.some((lane) => lane.length > 0)),
    bars: new Map([...chart.run, ...chart.model, ...chart.calls].map((bar) => [bar.key, bar])),
  }
}

const placed = (bar: Bar, [from, to]: readonly [number, number], least: number): Placed<Bar> => ({
  bar,
  at: Math.min(from, 1 - least),
  width: Math.max(to - from, least),
})

const waitedUntil = (bar: Bar): number | undefined => {
  switch (bar.kind) {
    case 'model':
      return bar.state === 'answered' ? (bar.firstChunkAt ?? bar.from) : undefined
    case 'call':
      return bar.waitedUntil
    case 'run':
      return undefined
    default:
      return bar satisfies never
  }
}

export const firstOf = ({ groups }: Drawing): string | undefined =>
  groups[0]?.lanes[0]?.[0]?.bar.key

/** @returns undefined where a key leads nowhere */
export const neighbourOf = (
  { groups }: Drawing,
  from: string | undefined,
  key: string,
): string | undefined => {
  const rows = groups.flatMap(({ lanes }) => lanes)
  const y = rows.findIndex((row) => row.some(({ bar }) => bar.key === from))
  const row = rows[y] ?? []
  const x = row.findIndex(({ bar }) => bar.key === from)
  const current = row[x]
  if (!current) return undefined
  switch (key) {
    case 'ArrowLeft':
      return row[x - 1]?.bar.key
    case 'ArrowRight':
      return row[x + 1]?.bar.key
    case 'Home':
      return row[0]?.bar.key
    case 'End':
      return row.at(-1)?.bar.key
    case 'ArrowUp':
      return besides(rows[y - 1], current)
    case 'ArrowDown':
      return besides(rows[y + 1], current)
    default:
      return undefined
  }
}

/** What had begun when that one did: a call leads up to the step that asked for it. */
const besides = (row: readonly Drawn[] = [], { at }: Drawn): string | undefined =>
  (row.findLast((one) => one.at <= at) ?? row[0])?.bar.key
