/** A feed that all tabs of a browser share: one of them keeps the connection and hands to the others what they want. */
import type { Feed } from './feed.ts'
import { gather } from './gather.ts'
import { createOwnFeed, type FeedOptions } from './own-feed.ts'
import { watchPage } from './page.ts'
import { Subscribers } from './subscribers.ts'
import { sayRenewed, Tab } from './tab.ts'

export type SharedFeedOptions = FeedOptions & {
  /** Who has the same one shares: it stands for a server and a user. */
  readonly scope: string
}

/** @returns one that shares where tabs can, and one with its own connection elsewhere */
export const createFeed = ({
  scope,
  ...options
}: FeedOptions & { scope?: string | undefined }): Feed =>
  scope !== undefined && canShare()
    ? createSharedFeed({ ...options, scope })
    : createOwnFeed(options)

/** There are tabs only where there is a document. Browsers have locks in secure contexts only. */
const canShare = (): boolean => {
  const page: object = globalThis
  const hasTabs = 'document' in page && 'BroadcastChannel' in page
  return hasTabs && 'navigator' in page && 'locks' in (page.navigator as object)
}

/** For browsers, and whatever else has `BroadcastChannel` and `navigator.locks`. */
export const createSharedFeed = ({ http, connections, scope }: SharedFeedOptions): Feed => {
  let tab: Tab | undefined
  const { locks } = navigator
  const join = () => {
    tab = new Tab({ http, connections, scope, locks, subscribers })
  }
  const change = gather(() => {
    if (tab) tab.change()
    else join()
  })
  const subscribers = new Subscribers(change.soon)
  const leave = () => {
    change.forget()
    tab?.leave()
    tab = undefined
  }
  const back = () => {
    // Who is signed in may have changed meanwhile, and nobody could say so here.
    subscribers.renew()
    if (!subscribers.isEmpty) join()
  }
  const forget = watchPage({ onAway: leave, onBack: back })
  return {
    ...subscribers.listening,
    renew: () => {
      if (tab) return tab.renew()
      sayRenewed(scope)
      subscribers.renew()
    },
    close: () => {
      forget()
      subscribers.close()
      leave()
    },
  }
}
