/** A client of the HTTP interface: for browsers, servers, scripts and phones. */
import type { UIMessage } from 'ai'
import { ConfigError } from '../domain/errors.ts'
import { ROUTES } from '../protocol/routes.ts'
import { chatsOf, filesOf, runsOf } from './catalog.ts'
import { Connections, type ConnectionState } from './connection.ts'
import type { Feed, StateNews } from './feed/feed.ts'
import { createFeed } from './feed/shared-feed.ts'
import { followAll, followChat } from './follow.ts'
import { Http, type HttpOptions } from './http.ts'
import { requestKey } from './request-key.ts'
import { attachToChat, attachToRun, patiently, startRun } from './requests.ts'
import { runReading, type RunReading } from './run-reading.ts'
import type { Wires } from './run-stream.ts'
import { sessionOf } from './session.ts'
import type { Observable } from './store.ts'
import type { ChatEnvelope, OutlastMessage, Overview } from './types.ts'

export type OutlastClientOptions = HttpOptions & {
  /**
   * Tabs with the same name share one long-lived connection; a name stands for one user. Without it tabs share when there are
   * no `headers` of their own, so that whoever is signed in is signed in in all of them. `false`: each tab has its own.
   */
  readonly share?: string | false
}

export type StartOptions = {
  readonly chatId: string
  /** A question; `parts` for one with files. Neither: with `trigger`, another answer. */
  readonly text?: string
  readonly parts?: UIMessage['parts']
  /** Makes the request repeatable, as does `requestKey`. */
  readonly id?: string
  readonly trigger?: 'submit-message' | 'regenerate-message'
  /** The message that is edited, or answered again. */
  readonly messageId?: string
  readonly agent?: string
  readonly options?: unknown
  /** The same key in the same chat begins one run, however often it is sent; a new one each time unless set. */
  readonly requestKey?: string
  /** Leaves the run, which goes on. */
  readonly signal?: AbortSignal
}

export type AttachTarget =
  | { readonly runId: string; readonly after?: string }
  /** `have`: the last message that the caller has; a newer answer comes although its run has settled. */
  | { readonly chatId: string; readonly have?: string }

export type RunTarget = { readonly runId: string } | { readonly chatId: string }

/** @typeParam MESSAGE - `OutlastMessage<typeof agent>` for the types of an agent's tools and data parts */
export type OutlastClient<MESSAGE extends UIMessage = OutlastMessage> = {
  /** The state of everything that this client reads. */
  readonly connection: Observable<ConnectionState>
  readonly chats: ReturnType<typeof chatsOf<MESSAGE>>
  readonly runs: ReturnType<typeof runsOf<MESSAGE>>
  readonly files: ReturnType<typeof filesOf>
  readonly session: ReturnType<typeof sessionOf>
  /** The connection for everything that lasts; it is made when somebody needs it. */
  readonly feed: Feed
  /** Begins a run. @throws RunAlreadyActiveError with `activeRunId`; ConnectionLostError after 30 s without an answer */
  start(options: StartOptions): Promise<RunReading<MESSAGE>>
  /** @returns undefined when there is nothing to attach to */
  attach(
    target: AttachTarget,
    options?: { readonly signal?: AbortSignal },
  ): Promise<RunReading<MESSAGE> | undefined>
  /** Everything that happens in a chat, until the loop is left or the signal aborts. */
  follow(chatId: string, options?: FollowOptions): AsyncIterable<ChatEnvelope>
  /** The states of all chats of the user: those that are active or unread, then each change. */
  followAll(options?: { readonly signal?: AbortSignal }): AsyncIterable<StateNews>
  /** Asks a run to stop; with a run id a late stop never hits the next one. @returns whether it will settle as `aborted` */
  stop(target: RunTarget): Promise<boolean>
  /** What the user's runs came to, by default in the last day, and which workers there are. Times are in ISO 8601. */
  overview(range?: {
    readonly from?: string
    readonly to?: string
    readonly signal?: AbortSignal
  }): Promise<Overview>
  /** For one request by something that sends no headers, such as an `EventSource`: `?ticket=`, once, within 30 s. */
  ticket(): Promise<{ readonly ticket: string; readonly expiresAt: string }>
  /** Ends all connections; what is being read returns. */
  close(): void
}

export type FollowOptions = {
  readonly signal?: AbortSignal
  /** `<runId>/<offset>`: goes on in that run, then with what came after it. */
  readonly after?: string
}

const WIRES = new WeakMap<object, Wires>()

/** What a client is made of, for those of this package who build on it. */
export const wiresOf = (client: Pick<OutlastClient, 'close'>): Wires => {
  const wires = WIRES.get(client)
  if (wires) return wires
  throw new ConfigError('This is no client of createOutlastClient.')
}

/** @example const client = createOutlastClient({ url: 'https://chat.example/ai-chat', headers: { authorization } }) */
export const createOutlastClient = <MESSAGE extends UIMessage = OutlastMessage>(
  options: OutlastClientOptions = {},
): OutlastClient<MESSAGE> => {
  const http = new Http(options)
  const connections = new Connections()
  let made: Feed | undefined
  const scope = scopeOf(http, options.share)
  const feed = () => (made ??= createFeed({ http, connections, scope }))
  // Where no browser counts connections, each stream keeps its own.
  const isPage = typeof document !== 'undefined'
  const wires: Wires = { http, connections, feed: () => (isPage ? feed() : undefined) }
  const client: OutlastClient<MESSAGE> = {
    connection: connections.state,
    get feed() {
      return feed()
    },
    chats: chatsOf(http),
    runs: runsOf(http),
    files: filesOf(http),
    session: sessionOf(http, feed),
    start: async ({ signal, requestKey: key = requestKey(), ...turn }) => {
      const headers = { 'idempotency-key': key }
      return runReading(wires, await startRun(wires, bodyOfTurn(turn), { headers, signal }), {
        signal,
      })
    },
    attach: async (target, { signal } = {}) => {
      const response =
        'runId' in target
          ? await attachToRun(wires, target.runId, { after: target.after, signal })
          : await attachToChat(wires, target.chatId, { have: target.have, signal })
      const after = 'runId' in target ? target.after : undefined
      return response && runReading(wires, response, { signal, after })
    },
    follow: (chatId, following) => followChat(wires, chatId, following),
    followAll: (following) => followAll(wires, following),
    stop: async (target) => {
      const stop = () =>
        http.json<{ stopped: boolean }>(ROUTES.stop, { method: 'POST', json: target })
      return (await patiently({ connections }, undefined, stop)).stopped
    },
    overview: ({ signal, ...query } = {}) => http.json(ROUTES.overview, { query, signal }),
    ticket: () => http.json(ROUTES.tickets, { method: 'POST', json: {} }),
    close: () => {
      made?.close()
      made = undefined
    },
  }
  WIRES.set(client, wires)
  return client
}

/** @returns who has the same shares; undefined: nobody */
const scopeOf = ({ url, hasOwnHeaders }: Http, share?: string | false): string | undefined => {
  if (share === false || (share === undefined && hasOwnHeaders)) return undefined
  return share === undefined ? url : `${url} ${share}`
}

const bodyOfTurn = ({ chatId, id, text, parts, ...rest }: Omit<StartOptions, 'signal'>) => {
  const said = parts ?? (text === undefined ? undefined : [{ type: 'text', text }])
  return { ...rest, chatId, ...(said ? { message: { id, parts: said } } : {}) }
}
