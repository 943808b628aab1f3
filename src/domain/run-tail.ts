/** What a run said that the journal does not have yet, as processes write it down for each other. */

/** The next rows of a stream, or a new stream in the place of another one. Entries and snapshots are JSON. */
export type TailWrite = {
  readonly runId: string
  readonly epoch: number
  readonly stream: string
  /** The last unit that the stream has; null begins it. */
  readonly after: number | null
  readonly last: number
  readonly entries: string | null
  readonly snapshot: string | null
  /** Rows up to this unit may go. */
  readonly trim: number | null
}

/** What somebody has of a run already: nothing is epoch 0, no stream and unit 0. */
export type TailPlace = {
  readonly runId: string
  readonly epoch: number
  readonly stream: string | null
  readonly last: number
  readonly snapshots: number
}

export type TailRead = {
  readonly runId: string
  readonly epoch: number
  readonly stream: string
  readonly last: number
  /** How many the stream has had: with another number there is another one. */
  readonly snapshots: number
  /** Null where the place has it. */
  readonly snapshot: string | null
  /** JSON of lists of entries, those after the place. */
  readonly rows: string | null
}
