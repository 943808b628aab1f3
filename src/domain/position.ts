/**
 * Where a reader of a run stands. An offset is the text form of a position: opaque and ordered for clients.
 *
 * `epoch` and `n` name the last unit of the run that the reader has; `lens` holds, for each part that was open then
 * (in the order in which they began), how many UTF-16 units of its text the reader has.
 */
export type Position = {
  readonly epoch: number
  readonly n: number
  readonly lens: readonly number[]
}

/** Before everything but the `start` chunk. */
export const START: Position = { epoch: 0, n: 0, lens: [] }

const OFFSET = /^(\d{1,9})-(\d{1,12})((?:\.\d{1,9}){0,64})$/

/** @returns the offset that `text` is, or undefined when it is none */
export const parseOffset = (text: string): Position | undefined => {
  const match = OFFSET.exec(text)
  if (!match) return undefined
  const lens = match[3] ? match[3].slice(1).split('.').map(Number) : []
  return { epoch: Number(match[1]), n: Number(match[2]), lens }
}

export const formatOffset = ({ epoch, n, lens }: Position): string =>
  lens.length === 0 ? `${epoch}-${n}` : `${epoch}-${n}.${lens.join('.')}`

type Point = Pick<Position, 'epoch' | 'n'>

/** Orders by epoch, then n; negative when `a` comes first. */
export const comparePoints = (a: Point, b: Point): number => a.epoch - b.epoch || a.n - b.n
