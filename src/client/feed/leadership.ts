/** What the tab that leads does: it keeps the connection, and hands to each tab what that tab wants. */
import type { LinkState } from '../connection.ts'
import { openChannel, type Channel } from './channel.ts'
import type { Demand } from './demand.ts'
import { Hub, type HubOptions } from './hub.ts'
import type { News } from './news.ts'
import { isHidden } from './page.ts'
import { watchPresence } from './presence.ts'
import type { HallMessage, TabMessage, TabNames, Want } from './tab-messages.ts'

/** The other tabs say what they want when they hear who leads. */
const MUSTER_MS = 50
/** Between two signs of life. */
const SIGN_MS = 5000

type LeadershipOptions = Omit<HubOptions, 'onState' | 'onSign'> & {
  readonly locks: LockManager
  readonly names: TabNames
  readonly hall: Channel<HallMessage>
  readonly tab: string
  readonly generation: number
  /** Called when `link` is another one. */
  readonly onLink: () => void
}

type Member = {
  readonly membership: number
  readonly tell: (news: readonly News[]) => void
  readonly forget: () => void
}

export class Leadership {
  readonly #options: LeadershipOptions
  readonly #hub: Hub
  readonly #members = new Map<string, Member>()
  readonly #mustering: ReturnType<typeof setTimeout>
  readonly #signing: ReturnType<typeof setInterval>
  #link: LinkState | 'idle' = 'idle'
  #signedAt = 0

  constructor(options: LeadershipOptions) {
    const { http, connections } = options
    this.#options = options
    this.#hub = new Hub({
      http,
      connections,
      onState: (link) => {
        if (link === this.#link) return
        this.#link = link
        this.announce()
        options.onLink()
      },
      // Timers of a page that nobody looks at are late; what the server says is not.
      onSign: () => {
        if (Date.now() - this.#signedAt > SIGN_MS) this.announce()
      },
    })
    this.#hub.pause()
    this.#mustering = setTimeout(() => this.#hub.go(), MUSTER_MS)
    this.#signing = setInterval(() => this.announce(), SIGN_MS)
    this.announce()
  }

  get link(): LinkState | 'idle' {
    return this.#link
  }

  get generation(): number {
    return this.#options.generation
  }

  announce(): void {
    const { hall, tab, generation } = this.#options
    this.#signedAt = Date.now()
    hall.post({ type: 'lead', leader: tab, generation, link: this.#link, isHidden: isHidden() })
  }

  /** For the tab that leads. */
  setOwn(demand: Demand, tell: (news: readonly News[]) => void): void {
    this.#hub.set(this.#options.tab, demand, tell)
  }

  want(want: Want): void {
    const { tab, generation } = this.#options
    if (want.leader !== tab || want.generation !== generation) return
    const known = this.#members.get(want.tab)
    if (known && known.membership > want.membership) return
    if (known?.membership !== want.membership) this.drop(want.tab)
    const { tell } = this.#members.get(want.tab) ?? this.#admit(want)
    this.#hub.set(want.tab, want.demand, tell)
  }

  drop(tab: string): void {
    const member = this.#members.get(tab)
    if (!member) return
    this.#members.delete(tab)
    member.forget()
    this.#hub.drop(tab)
  }

  renew(): void {
    this.#hub.renew()
  }

  end(): void {
    clearTimeout(this.#mustering)
    clearInterval(this.#signing)
    for (const tab of this.#members.keys()) this.drop(tab)
    this.#hub.close()
    this.#options.hall.post({ type: 'left', leader: this.#options.tab })
  }

  #admit({ type: _, demand: __, ...membership }: Want): Member {
    const { locks, names } = this.#options
    const name = names.tabOf(membership.tab)
    const channel = openChannel<TabMessage>(name)
    const unwatch = watchPresence(locks, name, () => this.drop(membership.tab))
    let n = 0
    const member: Member = {
      membership: membership.membership,
      tell: (news) => channel.post({ ...membership, n: (n += 1), news }),
      forget: () => {
        unwatch()
        channel.close()
      },
    }
    this.#members.set(membership.tab, member)
    return member
  }
}
