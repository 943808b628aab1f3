/** Bars that lie side by side in time, in as few lanes as there are at once. */

export type Placed<T> = {
  readonly bar: T
  readonly at: number
  /** As it is drawn: never too small to be seen. */
  readonly width: number
}

/**
 * @param extent - where a bar begins and ends on the axis, from 0 to 1
 * @param least - the smallest width of a bar
 */
export const lanesOf = <T>(
  bars: readonly T[],
  extent: (bar: T) => readonly [number, number],
  least: number,
): Placed<T>[][] => {
  const placed = bars
    .map((bar) => {
      const [from, to] = extent(bar)
      const at = Math.max(0, Math.min(from, 1 - least))
      return { bar, at, width: Math.max(to - at, least) }
    })
    .toSorted((one, other) => one.at - other.at)
  const lanes: Placed<T>[][] = []
  for (const one of placed) {
    const free = lanes.find((lane) => endOf(lane) <= one.at + ROUNDING)
    if (free) free.push(one)
    else lanes.push([one])
  }
  return lanes
}

const ROUNDING = 1e-9

const endOf = <T>(lane: readonly Placed<T>[]): number => {
  const last = lane.at(-1)!
  return last.at + last.width
}
