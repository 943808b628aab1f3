/** What a tab that does not lead knows of the one that does, and its subscription with it. */
import type { Channel } from './channel.ts'
import type { Demand } from './demand.ts'
import type { News } from './news.ts'
import type { HallMessage, Lead, TabMessage } from './tab-messages.ts'

type FollowerOptions = {
  readonly tab: string
  readonly hall: Channel<HallMessage>
  readonly demand: () => Demand
  readonly tell: (news: readonly News[]) => void
}

export class Follower {
  readonly #options: FollowerOptions
  #lead: Lead | undefined
  #membership = 0
  /** The number of the last news of this membership. */
  #heard = 0

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** The last that was heard of the leader; undefined while none is known. */
  get lead(): Lead | undefined {
    return this.#lead
  }

  /** @returns false for what a leader says that was replaced */
  hear(lead: Lead): boolean {
    const known = this.#lead
    const isKnown = known?.leader === lead.leader && known.generation === lead.generation
    if (known && !isKnown && !isLater(lead, known)) return false
    this.#lead = lead
    if (!isKnown) this.begin()
    return true
  }

  /** Nobody leads, as far as this tab knows. */
  forget(): void {
    this.#lead = undefined
  }

  /** Subscribes again, from the positions reached. Nothing is taken any more of what was on its way. */
  begin(): void {
    this.#membership += 1
    this.#heard = 0
    this.want()
  }

  /** What this tab wants has changed. */
  want(): void {
    if (!this.#lead) return
    const { tab, hall, demand } = this.#options
    const { leader, generation } = this.#lead
    const membership = this.#membership
    hall.post({ type: 'want', leader, generation, tab, membership, demand: demand() })
  }

  /** @returns false for what is not of this membership */
  take({ leader, generation, membership, n, news }: TabMessage): boolean {
    const isOwn =
      leader === this.#lead?.leader &&
      generation === this.#lead.generation &&
      membership === this.#membership
    if (!isOwn) return false
    if (n !== this.#heard + 1) this.begin()
    else {
      this.#heard = n
      this.#options.tell(news)
    }
    return true
  }
}

const isLater = (one: Lead, other: Lead): boolean =>
  one.generation > other.generation ||
  (one.generation === other.generation && one.leader > other.leader)
