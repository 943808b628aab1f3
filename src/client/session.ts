/** Who is signed in on the page of the server, for a page of the same origin. */
import { ROUTES } from '../protocol/routes.ts'
import type { Feed } from './feed/feed.ts'
import type { Http } from './http.ts'
import type { Session } from './types.ts'

/** @throws from each: NotAuthenticatedError, RateLimitedError, ConnectionLostError, ... */
export const sessionOf = (http: Http, feed: () => Feed) => ({
  /** Who asks, by whatever it is known. */
  get: ({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Session> =>
    http.json<Session>(ROUTES.session, { signal }),
  /** The token goes into a cookie that no script reads; requests of all tabs have it from here on. */
  signIn: async (token: string): Promise<Session> => {
    const session = await http.json<Session>(ROUTES.session, { method: 'POST', json: { token } })
    feed().renew()
    return session
  },
  /** What is shown of the user is the page's to remove: in each tab, by `onChange`. */
  signOut: async (): Promise<void> => {
    await http.send(ROUTES.session, { method: 'DELETE' })
    feed().renew()
  },
  /** Hears that somebody has signed in or out, in this tab or in another one: `get` says who it is now. */
  onChange: (listener: () => void): (() => void) => feed().onRenewed(listener),
})
