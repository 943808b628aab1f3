/**
 * One tab among those that share a connection: it leads, or it follows the one that does.
 *
 * INVARIANT: it keeps the positions of its own readers, so whoever leads next goes on exactly where this tab is.
 */
import type { Connections, Link } from '../connection.ts'
import type { Http } from '../http.ts'
import { onWake } from '../wake.ts'
import { openChannel, type Channel } from './channel.ts'
import { Election } from './election.ts'
import { Follower } from './follower.ts'
import { Leadership } from './leadership.ts'
import { isHidden } from './page.ts'
import { bePresent } from './presence.ts'
import { namesOf, type HallMessage, type Lead, type TabMessage } from './tab-messages.ts'
import type { Subscribers } from './subscribers.ts'

/** How often a tab looks whether the leader has said anything. */
const LOOK_MS = 5000
/** After so many looks without a word the leader is asked; after one more it is replaced. */
const PATIENT_LOOKS = 4

export type TabOptions = {
  readonly http: Http
  readonly connections: Connections
  readonly scope: string
  readonly locks: LockManager
  readonly subscribers: Subscribers
}

/** As `Tab.renew`, for a tab that shares nothing yet. */
export const sayRenewed = (scope: string): void => {
  const hall = openChannel<HallMessage>(namesOf(scope).hall)
  hall.post({ type: 'renew' })
  hall.close()
}

export class Tab {
  readonly #options: TabOptions
  readonly #names: ReturnType<typeof namesOf>
  readonly #id = newId()
  readonly #hall: Channel<HallMessage>
  readonly #own: Channel<TabMessage>
  readonly #presence: ReturnType<typeof bePresent>
  readonly #election: Election
  readonly #follower: Follower
  readonly #forgetWakes: () => void
  #leadership: Leadership | undefined
  /** Mirrors the connection of the leader. */
  #link: Link | undefined
  #wasConnected = false
  #looking: ReturnType<typeof setInterval> | undefined
  #silentLooks = 0
  /** Whoever leads takes a tab that does not hold its lock for one that is gone: before that, nothing is wanted. */
  #isPresent = false
  #isOver = false

  constructor(options: TabOptions) {
    const { scope, locks, subscribers } = options
    this.#options = options
    this.#names = namesOf(scope)
    this.#hall = openChannel(this.#names.hall, (message) => this.#hear(message))
    this.#own = openChannel(this.#names.tabOf(this.#id), (message) => this.#take(message))
    this.#presence = bePresent(locks, this.#names.tabOf(this.#id))
    this.#election = new Election({
      locks,
      name: this.#names.leader,
      onWon: () => this.#begin(),
      onLost: () => this.#end(),
    })
    this.#follower = new Follower({
      tab: this.#id,
      hall: this.#hall,
      demand: () => subscribers.demand(),
      tell: (news) => subscribers.tell(news),
    })
    this.#forgetWakes = onWake((wake) => {
      if (wake === 'shown') this.#ask()
      this.#leadership?.announce()
    })
    void this.#presence.begun.then(() => {
      if (this.#isOver) return
      this.#isPresent = true
      this.#election.stand()
      this.#ask()
    })
    this.#mirror()
  }

  /** What this tab wants has changed. */
  change(): void {
    if (this.#leadership) this.#setOwn(this.#leadership)
    else this.#follower.want()
    this.#mirror()
  }

  /** Somebody else is signed in: all tabs are to know. */
  renew(): void {
    this.#hall.post({ type: 'renew' })
    this.#renew()
  }

  /** This tab wants nothing any more, and holds nothing. */
  leave(): void {
    this.#isOver = true
    this.#forgetWakes()
    this.#election.resign()
    this.#hall.post({ type: 'leave', tab: this.#id })
    this.#hall.close()
    this.#own.close()
    this.#presence.end()
    this.#follower.forget()
    clearInterval(this.#looking)
    this.#link?.close()
    this.#link = undefined
  }

  #renew(): void {
    this.#options.subscribers.renew()
    if (this.#leadership) this.#leadership.renew()
    else this.#follower.begin()
  }

  #begin(): void {
    const { http, connections, locks } = this.#options
    const seen = this.#follower.lead?.generation ?? 0
    this.#follower.forget()
    this.#leadership = new Leadership({
      http,
      connections,
      locks,
      names: this.#names,
      hall: this.#hall,
      tab: this.#id,
      generation: Math.max(seen + 1, Date.now()),
      onLink: () => this.#mirror(),
    })
    this.#setOwn(this.#leadership)
    this.#mirror()
  }

  #end(): void {
    const ended = this.#leadership
    this.#leadership = undefined
    if (!this.#isOver) this.#mirror()
    ended?.end()
    if (!this.#isOver) this.#ask()
  }

  #setOwn(leadership: Leadership): void {
    const { subscribers } = this.#options
    leadership.setOwn(subscribers.demand(), (news) => subscribers.tell(news))
  }

  #hear(message: HallMessage): void {
    if (!this.#isPresent) return
    switch (message.type) {
      case 'lead':
        return this.#hearLead(message)
      case 'left':
        if (this.#follower.lead?.leader === message.leader) this.#follower.forget()
        return
      case 'ask':
        return this.#leadership?.announce()
      case 'want':
        return this.#leadership?.want(message)
      case 'leave':
        return this.#leadership?.drop(message.tab)
      case 'renew':
        return this.#renew()
      default:
        message satisfies never
    }
  }

  #hearLead(lead: Lead): void {
    // This one was asleep, and has been replaced: the browser will say so, too.
    if (this.#leadership) {
      if (lead.generation > this.#leadership.generation) this.#yield()
      else return
    }
    if (!this.#follower.hear(lead)) return
    this.#silentLooks = 0
    this.#mirror()
    // The browser delays the timers of pages that nobody looks at, and with them the next attempt.
    if (lead.link === 'reconnecting' && lead.isHidden && !isHidden() && this.#wants)
      this.#election.seize()
  }

  #yield(): void {
    this.#election.resign()
    this.#election.stand()
  }

  #take(message: TabMessage): void {
    if (this.#follower.take(message)) this.#silentLooks = 0
  }

  get #wants(): boolean {
    return !this.#options.subscribers.isEmpty
  }

  /** A leader that is there answers before the next look. */
  #ask(): void {
    if (this.#leadership) return
    this.#hall.post({ type: 'ask' })
    this.#silentLooks = PATIENT_LOOKS
    clearInterval(this.#looking)
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
  }

  #look(): void {
    if (this.#leadership || !this.#wants) this.#silentLooks = 0
    else if ((this.#silentLooks += 1) > PATIENT_LOOKS) this.#election.seize()
    else if (this.#silentLooks === PATIENT_LOOKS) this.#hall.post({ type: 'ask' })
  }

  /** The state of the leader's connection is the state of this tab's; its own tells of itself once it is there. */
  #mirror(): void {
    const own = this.#leadership?.link
    const state = own ?? this.#follower.lead?.link
    if (state === 'connected') this.#wasConnected = true
    if (!this.#wants || own === 'connected') {
      if (!this.#wants) this.#wasConnected = false
      this.#link?.close()
      this.#link = undefined
      return
    }
    this.#link ??= this.#options.connections.open()
    if (state === 'connected') this.#link.set('connected')
    else if (this.#wasConnected) this.#link.set('reconnecting')
  }
}

/** Secure contexts have better ones, and this one only has to be another tab's. */
const newId = (): string =>
  Array.from({ length: 4 }, () => Math.random().toString(36).slice(2, 8)).join('')
