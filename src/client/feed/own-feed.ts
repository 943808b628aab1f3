/** A feed with a connection of its own: for everything that is no browser, and for tabs that share with nobody. */
import type { Connections } from '../connection.ts'
import type { Http } from '../http.ts'
import type { Feed } from './feed.ts'
import { gather } from './gather.ts'
import { Hub } from './hub.ts'
import { watchPage, watchUnseen } from './page.ts'
import { Subscribers } from './subscribers.ts'

export type FeedOptions = { readonly http: Http; readonly connections: Connections }

const SELF = 'self'
/**
 * Opens its connection for the first who listens and closes it after the last. In a page nobody has looked at for half a minute,
 * and in one that is put away, it is closed as well; coming back, it goes on where it was.
 */
export const createOwnFeed = ({ http, connections }: FeedOptions): Feed => {
  const hub = new Hub({ http, connections })
  const change = gather(() => hub.set(SELF, subscribers.demand(), (news) => subscribers.tell(news)))
  const subscribers = new Subscribers(change.soon)
  const away = new Set<string>()
  const life = (reason: string) => ({
    onAway: () => {
      away.add(reason)
      hub.pause()
    },
    onBack: () => {
      away.delete(reason)
      if (away.size === 0) hub.go()
    },
  })
  const forgets = [watchPage(life('put away')), watchUnseen(life('unseen'))]
  return {
    ...subscribers.listening,
    renew: () => {
      subscribers.renew()
      hub.renew()
    },
    close: () => {
      for (const forget of forgets) forget()
      subscribers.close()
      change.forget()
      hub.close()
    },
  }
}
