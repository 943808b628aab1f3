/** One connection of a hub and what it is to carry. */
import { MAX_FOLLOWED } from '../../protocol/envelopes.ts'
import { Carried, type Reader } from './carried.ts'
import { Line, type LineOptions, type Plan } from './line.ts'

export type LaneOptions = Omit<LineOptions, 'plan' | 'onRefused'> & {
  readonly receive: (carried: Carried, ...rest: Parameters<Plan['receive']>) => boolean
  readonly onRefused: (lane: Lane, ...rest: Parameters<LineOptions['onRefused']>) => void
}

export class Lane {
  readonly #line: Line
  readonly #chats = new Set<string>()
  readonly #readers = new Set<Reader>()
  #carried = new Carried([], [])

  constructor({ receive, onRefused, ...options }: LaneOptions) {
    this.#line = new Line({
      ...options,
      onRefused: (error) => onRefused(this, error),
      plan: () => {
        const carried = new Carried(this.#chats, this.#readers)
        this.#carried = carried
        return { query: carried.query, receive: (envelopes) => receive(carried, envelopes) }
      },
    })
  }

  get readers(): Iterable<Reader> {
    return this.#readers
  }

  get hasRoom(): boolean {
    return this.#chats.size + this.#readers.size < MAX_FOLLOWED
  }

  get isEmpty(): boolean {
    return this.#chats.size + this.#readers.size === 0
  }

  /** What is carried now costs no new connection. */
  get carriedChats(): ReadonlySet<string> {
    return this.#carried.chats
  }

  carries(reader: Reader): boolean {
    return this.#carried.has(reader)
  }

  /** Takes in a reader that stands where others stand now. */
  admits(reader: Reader): boolean {
    return this.#carried.admit(reader)
  }

  clear(): void {
    this.#chats.clear()
    this.#readers.clear()
  }

  takeChat(chatId: string): void {
    this.#chats.add(chatId)
  }

  takeReader(reader: Reader): void {
    this.#readers.add(reader)
  }

  /**
   * Opens the connection anew if what it carries is not enough, or is a run that nobody reads. A chat that nobody follows any
   * more may stay on it: it costs nothing, and often somebody comes back to it.
   */
  update(): void {
    const carried = this.#carried
    const isEnough =
      [...this.#chats].every((chatId) => carried.chats.has(chatId)) &&
      [...this.#readers].every((reader) => carried.has(reader))
    if (!this.#line.isOpen || !isEnough || carried.isWasteful) this.#line.open()
  }

  reopen(): void {
    if (this.#line.isOpen) this.#line.open()
  }

  close(): void {
    if (this.#line.isOpen) this.#line.close()
    this.#carried = new Carried([], [])
  }
}
