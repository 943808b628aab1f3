/**
 * What happens in the chats that somebody follows here. However many follow, it is one look at a time: at once when the bus
 * says so, and otherwise about once a second.
 *
 * INVARIANT: subscribe first, then look: what changes after a follower's first sight is told to it.
 */
import { coerceError, isRetryable } from '../../domain/errors.ts'
import { isSettled, type Principal } from '../../domain/run.ts'
import type { ChatStates, KnownRun, Look, NamedChat, Sight, WatchedChat } from '../catalog-ports.ts'
import type { Clock, EngineEvents, RunBus } from '../ports.ts'

/** Between two looks that nobody asked for. */
const FLOOR_MS = 1000
/** Followers that one look opens: whoever waits for news meanwhile does not wait for all of them. */
const OPENINGS = 200
/** How long a run that has settled is remembered: its turn may still look new to the database. */
const REMEMBERED_MICROS = 60_000_000

export type WatchPorts = {
  readonly states: ChatStates
  readonly bus: RunBus
  readonly clock: Clock
  readonly onError: EngineEvents['error']
}

/** `chatId`: as the client knows it. */
export type ChatNews = { readonly chatId: string } & (
  { readonly kind: 'state'; readonly chat: WatchedChat } | { readonly kind: 'removed' }
)

export type FollowWish = {
  /** Whether the first sight has the newest chats that are active or unread. */
  readonly newest: boolean
  /** Chats that it has in any case, as the client knows them; those that there are. */
  readonly chats: readonly string[]
}

export type Followed = Disposable & {
  /** The first sight. Rejects only for what no waiting helps against. */
  readonly opened: Promise<readonly WatchedChat[]>
}

type Follower = {
  readonly owner: Owner
  readonly wish: FollowWish
  readonly hear: (news: ChatNews) => void
  readonly opened: PromiseWithResolvers<readonly WatchedChat[]>
  isOpen: boolean
}

type Owner = {
  readonly principal: Principal
  readonly followers: Set<Follower>
  readonly unsubscribe: () => void
  /** The latest runs of its chats as they were seen last, by our ids of the chats. */
  readonly runs: Map<string, KnownRun & { readonly publicId: string; readonly begunAt: number }>
}

/** What the next look is for. */
class Errand {
  readonly opening = new Set<Follower>()
  readonly changed = new Set<string>()
  readonly named = new Map<string, NamedChat>()
  /** Whether it is time to look for what nobody has said. */
  isDue = false

  get isNeeded(): boolean {
    return this.isDue || this.opening.size + this.changed.size + this.named.size > 0
  }

  /** What the look after it is for: not all come at once who were cut off together. */
  rest(): Errand {
    const rest = new Errand()
    for (const follower of [...this.opening].slice(OPENINGS)) {
      this.opening.delete(follower)
      rest.opening.add(follower)
    }
    return rest
  }

  /** What could not be done is still to be done. */
  take({ opening, changed, named, isDue }: Errand): void {
    for (const follower of opening)
      if (follower.owner.followers.has(follower)) this.opening.add(follower)
    for (const id of changed) this.changed.add(id)
    for (const [key, chat] of named) this.named.set(key, chat)
    this.isDue ||= isDue
  }
}

export class Watch {
  readonly #ports: WatchPorts
  readonly #owners = new Map<string, Owner>()
  #next = new Errand()
  /** When turns were looked for last, by the database's clock; undefined when nobody has followed since. */
  #since: number | undefined
  #isLooking = false
  #forget: (() => void) | undefined

  constructor(ports: WatchPorts) {
    this.#ports = ports
  }

  follow(principal: Principal, wish: FollowWish, hear: (news: ChatNews) => void): Followed {
    const owner = this.#owners.get(keyOf(principal)) ?? this.#enter(principal)
    const opened = Promise.withResolvers<readonly WatchedChat[]>()
    // Whoever has left does not wait for it.
    opened.promise.catch(() => undefined)
    const follower = { owner, wish, hear, opened, isOpen: false }
    owner.followers.add(follower)
    this.#next.opening.add(follower)
    this.#wake()
    return { opened: opened.promise, [Symbol.dispose]: () => this.#leave(follower) }
  }

  #enter(principal: Principal): Owner {
    const unsubscribe = this.#ports.bus.subscribeChats(principal, (signal) => {
      if ('id' in signal) this.#next.changed.add(signal.id)
      else this.#next.named.set(chatKeyOf(signal), signal)
      this.#wake()
    })
    const owner: Owner = { principal, followers: new Set(), unsubscribe, runs: new Map() }
    this.#owners.set(keyOf(principal), owner)
    return owner
  }

  #leave(follower: Follower): void {
    const { owner } = follower
    this.#next.opening.delete(follower)
    if (!owner.followers.delete(follower) || owner.followers.size > 0) return
    owner.unsubscribe()
    this.#owners.delete(keyOf(owner.principal))
    if (this.#owners.size > 0) return
    this.#since = undefined
    this.#next = new Errand()
    this.#forget?.()
  }

  #wake(): void {
    if (!this.#isLooking) void this.#lookAll()
  }

  /** One look after the other, so that nobody is told an older state after a newer one; then the clock says when. */
  async #lookAll(): Promise<void> {
    this.#isLooking = true
    this.#forget?.()
    let answers = true
    while (answers && this.#next.isNeeded && this.#owners.size > 0) answers = await this.#look()
    this.#isLooking = false
    if (this.#owners.size === 0) return
    const { clock } = this.#ports
    // Jitter keeps the processes of a fleet from looking all at once.
    this.#forget = clock.after(FLOOR_MS * (0.75 + clock.random() / 2), () => {
      this.#next.isDue = true
      this.#wake()
    })
  }

  /** @returns whether the database has answered */
  async #look(): Promise<boolean> {
    const errand = this.#next
    this.#next = errand.rest()
    try {
      const sight = await this.#ports.states.look(this.#wanted(errand))
      if (this.#owners.size > 0 && (errand.isDue || this.#since === undefined))
        this.#since = sight.at
      this.#tell(sight, errand)
      return true
    } catch (thrown) {
      const error = coerceError(thrown)
      if (isRetryable(error)) this.#next.take(errand)
      else {
        for (const { opened } of errand.opening) opened.reject(error)
        if (errand.opening.size === 0) this.#ports.onError(error, { during: 'following chats' })
      }
      return false
    }
  }

  #wanted({ opening, changed, named, isDue }: Errand): Look {
    const owners = isDue ? [...this.#owners.values()] : []
    const asked = [...opening].flatMap(({ owner: { principal }, wish }) =>
      wish.chats.map((chatId) => ({ ...principal, chatId })),
    )
    const newest = new Set([...opening].filter(({ wish }) => wish.newest).map(({ owner }) => owner))
    return {
      begun: { owners: owners.map(({ principal }) => principal), since: this.#since ?? 0 },
      known: owners.flatMap(({ runs }) => [...runs.values()]),
      changed: [...changed],
      named: [...named.values(), ...asked],
      newest: [...newest].map(({ principal }) => principal),
    }
  }

  #tell(sight: Sight, { opening, named, isDue }: Errand): void {
    const byOwner = Map.groupBy(sight.chats, ({ owner }) => keyOf(owner))
    const removed = [...this.#gone(sight, isDue), ...missing(sight, named)]
    for (const { chatId, ...principal } of removed)
      tellAll(this.#owners.get(keyOf(principal)), { kind: 'removed', chatId })
    for (const [key, chats] of byOwner) {
      const owner = this.#owners.get(key)
      for (const chat of owner ? chats : []) {
        remember(owner!, chat)
        const isNews =
          chat.isChanged || named.has(chatKeyOf({ ...chat.owner, chatId: chat.publicId }))
        if (isNews) tellAll(owner, { kind: 'state', chatId: chat.publicId, chat })
      }
    }
    for (const follower of opening) {
      follower.isOpen = true
      const { newest, chats } = follower.wish
      const own = byOwner.get(keyOf(follower.owner.principal)) ?? []
      follower.opened.resolve(
        own.filter((chat) => (newest && chat.isNewest) || chats.includes(chat.publicId)),
      )
    }
  }

  /** Chats whose runs are gone. What has settled long ago is not remembered for ever. */
  #gone({ at, gone }: Sight, isDue: boolean): NamedChat[] {
    if (!isDue) return []
    const ids = new Set(gone)
    const chats: NamedChat[] = []
    for (const { principal, runs } of this.#owners.values())
      for (const [id, { publicId, status, begunAt }] of runs) {
        if (ids.has(id)) chats.push({ ...principal, chatId: publicId })
        if (ids.has(id) || (isSettled(status) && begunAt < at - REMEMBERED_MICROS)) runs.delete(id)
      }
    // Another chat may be called the same by now.
    return chats.filter(({ chatId, ...principal }) => {
      const { runs } = this.#owners.get(keyOf(principal))!
      return ![...runs.values()].some(({ publicId }) => publicId === chatId)
    })
  }
}

const keyOf = ({ workspaceId, userId }: Principal): string => JSON.stringify([workspaceId, userId])

const chatKeyOf = ({ workspaceId, userId, chatId }: NamedChat): string =>
  JSON.stringify([workspaceId, userId, chatId])

const missing = ({ chats }: Sight, named: ReadonlyMap<string, NamedChat>): NamedChat[] => {
  const found = new Set(
    chats.map(({ owner, publicId }) => chatKeyOf({ ...owner, chatId: publicId })),
  )
  return [...named].flatMap(([key, chat]) => (found.has(key) ? [] : chat))
}

const remember = ({ runs }: Owner, { id: chatId, publicId, latestRun, ...chat }: WatchedChat) => {
  if (!latestRun) return
  const { isStopping, epoch } = chat
  const begunAt = chat.updatedAt.getTime() * 1000
  runs.set(chatId, { ...latestRun, chatId, publicId, isStopping, epoch, begunAt })
}

const tellAll = (owner: Owner | undefined, news: ChatNews): void => {
  for (const { isOpen, hear } of owner?.followers ?? []) if (isOpen) hear(news)
}
