/** What one tab wants to hear. */

/** A run that somebody reads; `key` tells readers of a tab apart. `after`: the offset that it has; empty: none yet. */
export type WantedRun = { readonly key: string; readonly runId: string; readonly after: string }

export type Demand = {
  readonly chats: readonly string[]
  readonly runs: readonly WantedRun[]
  /** Of all chats of the user. */
  readonly states: boolean
}

export const isNothing = ({ chats, runs, states }: Demand): boolean =>
  chats.length === 0 && runs.length === 0 && !states
