/** What tabs that share a connection say to each other. */
import type { LinkState } from '../connection.ts'
import type { Demand } from './demand.ts'
import type { News } from './news.ts'

/** Part of every name: tabs with another version of this file are not talked to. */
const VERSION = 1

/** Names of channels and locks; those who share have the same `scope`. */
export const namesOf = (scope: string) => {
  const hall = `outlast/${VERSION}/${scope}`
  return {
    /** The channel that all tabs hear. */
    hall,
    /** The lock of the tab that leads: it keeps the connection for all. */
    leader: hall,
    /** A tab's own channel, and the lock that it holds as long as it lives. */
    tabOf: (tab: string) => `${hall}/${tab}`,
  }
}

export type TabNames = ReturnType<typeof namesOf>

/** Said by the tab that leads: when it begins to, when it is asked, when something changes, and every few seconds. */
export type Lead = {
  readonly type: 'lead'
  /** The tab. */
  readonly leader: string
  /** Later leaders have higher ones: one that slept through its replacement is known by it. */
  readonly generation: number
  readonly link: LinkState | 'idle'
  /** Nobody looks at it, so the browser slows it down. */
  readonly isHidden: boolean
}

/**
 * A tab's subscription with one leader. News are numbered within it from 1; whenever a tab has any doubt that it heard everything
 * it begins another one, with the positions that it has reached.
 */
export type Membership = {
  readonly leader: string
  readonly generation: number
  readonly tab: string
  readonly membership: number
}

export type Want = Membership & { readonly type: 'want'; readonly demand: Demand }

/** Heard by all tabs. */
export type HallMessage =
  | Lead
  /** This one leads no more. */
  | { readonly type: 'left'; readonly leader: string }
  /** Who leads? */
  | { readonly type: 'ask' }
  | Want
  /** This tab wants nothing for now. */
  | { readonly type: 'leave'; readonly tab: string }
  /** Somebody else is signed in: what was told is forgotten, and the connection made anew. */
  | { readonly type: 'renew' }

/** Heard by one tab. */
export type TabMessage = Membership & { readonly n: number; readonly news: readonly News[] }
