/** Where a moment lies on the axis. Long stretches in which nothing changes are cut, so that the rest can be seen. */

export type Gap = {
  readonly from: number
  readonly to: number
  /** Where it begins on the axis and how much of it it takes; the axis is 1. */
  readonly at: number
  readonly width: number
}

export type Scale = {
  readonly from: number
  readonly to: number
  /** 0 at the beginning of the axis, 1 at its end. */
  readonly at: (time: number) => number
  readonly gaps: readonly Gap[]
  /** Milliseconds that the whole axis would show if nothing of it were cut. */
  readonly shownMs: number
}

/** Shorter stretches are never cut. */
const SHORTEST_GAP_MS = 30_000
/** How much longer stretches are, together, than everything shorter when they are cut. */
const CRUSHING = 4
/** What is shorter than this in all is nothing that one would want to see instead. */
const LEAST_REST_MS = 1000
/** More than these are no exceptions, but what the run is like. */
const MOST_GAPS = 8
/** What a gap takes of the axis; all of them together never take more than the rest. */
const GAP_WIDTH = 0.1

type Stretch = { readonly from: number; readonly to: number; readonly isCut: boolean }

/** @param moments - at which something begins or ends, in any order */
export const scaleOf = (
  { from, to }: { readonly from: number; readonly to: number },
  moments: readonly number[],
  { isCutting = true } = {},
): Scale => {
  const stretches = isCutting ? cut(stretchesOf(from, to, moments)) : [{ from, to, isCut: false }]
  const cuts = stretches.filter(({ isCut }) => isCut).length
  const kept = lengthOf(stretches.filter(({ isCut }) => !isCut)) || 1
  const gapMs = kept * Math.min(GAP_WIDTH, 1 / Math.max(1, cuts))
  const shownMs = kept + cuts * gapMs
  let at = 0
  const pieces = stretches.map((stretch) => {
    const width = (stretch.isCut ? gapMs : stretch.to - stretch.from) / shownMs
    const piece = { ...stretch, at, width }
    at += width
    return piece
  })
  return {
    from,
    to,
    at: (time) => {
      const piece = pieces.find((one) => time < one.to) ?? pieces.at(-1)
      if (!piece || piece.to === piece.from) return time < to ? 0 : 1
      const share = (time - piece.from) / (piece.to - piece.from)
      return Math.min(1, Math.max(0, piece.at + share * piece.width))
    },
    gaps: pieces.filter(({ isCut }) => isCut),
    shownMs,
  }
}

const stretchesOf = (from: number, to: number, moments: readonly number[]): Stretch[] => {
  const inside = moments.filter((at) => at > from && at < to).toSorted((one, other) => one - other)
  const edges = [from, ...new Set(inside), to]
  return edges.slice(1).map((edge, index) => ({ from: edges[index]!, to: edge, isCut: false }))
}

const lengthOf = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { from, to }) => sum + to - from, 0)

/** Those that would crush all the others; pieces between two cuts are joined. */
const cut = (stretches: readonly Stretch[]): Stretch[] => {
  const limit = limitOf(stretches)
  const joined: Stretch[] = []
  for (const stretch of stretches) {
    const isCut = lengthOf([stretch]) >= limit
    const last = joined.at(-1)
    if (last && !isCut && !last.isCut) joined[joined.length - 1] = { ...last, to: stretch.to }
    else joined.push({ ...stretch, isCut })
  }
  return joined
}

/** Stretches of this length and longer are cut. */
const limitOf = (stretches: readonly Stretch[]): number => {
  const lengths = stretches.map((one) => lengthOf([one])).toSorted((one, other) => one - other)
  const total = lengthOf(stretches)
  let shorter = 0
  for (const [index, length] of lengths.entries()) {
    const isException =
      lengths.length - index <= MOST_GAPS &&
      length > SHORTEST_GAP_MS &&
      shorter >= LEAST_REST_MS &&
      total - shorter > CRUSHING * shorter
    if (isException) return length
    shorter += length
  }
  return Number.POSITIVE_INFINITY
}

/** Where the axis of something active ends: a little ahead, so that it need not be drawn anew at each moment. */
export const roomAfter = (from: number, now: number): number => {
  let room = FIRST_ROOM_MS
  while (room < now - from) room *= ROOM_GROWTH
  return from + room
}

const FIRST_ROOM_MS = 5000
const ROOM_GROWTH = 1.2

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240].map((hours) => hours * HOUR),
]

export type Tick = { readonly at: number; readonly elapsedMs: number }

/** @param most - how many labels find room on the axis */
export const ticksOf = (scale: Scale, most: number): Tick[] => {
  const { from, to, at, gaps, shownMs } = scale
  const step = STEPS_MS.find((ms) => shownMs / ms <= most) ?? STEPS_MS.at(-1)!
  const least = 1 / (most * 1.5)
  const ticks: Tick[] = []
  const add = (elapsedMs: number) => {
    const place = at(from + elapsedMs)
    // A gap says by itself how long it is.
    const isBesideGap = gaps.some((gap) => gap.at > place && gap.at - place < least)
    if (!isBesideGap && place - (ticks.at(-1)?.at ?? -1) >= least)
      ticks.push({ at: place, elapsedMs })
  }
  let begin = 0
  for (const end of [...gaps.map((gap) => gap.from - from), to - from]) {
    for (let ms = Math.ceil(begin / step) * step; ms <= end; ms += step) add(ms)
    const gap = gaps.find((one) => one.from - from === end)
    if (gap) begin = gap.to - from
  }
  return ticks
}
