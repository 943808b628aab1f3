/** The state of a client's connections, for people: one word for all of them together. */
import { createStore, type Observable } from './store.ts'
import { onWake } from './wake.ts'

/**
 * `idle`: nothing is being read. `connecting`: the first time. `connected`: what is read arrives. `reconnecting`: a connection
 * broke and is made again; the run goes on meanwhile. `offline`: the same, and the device says that it has no network.
 */
export type ConnectionState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'offline'

/** One connection, or one that another tab keeps for this one. */
export type Link = { set(state: LinkState): void; close(): void }

export type LinkState = 'connecting' | 'connected' | 'reconnecting'

export class Connections {
  readonly #links = new Map<object, LinkState>()
  readonly #state = createStore<ConnectionState>('idle')
  #forget: (() => void) | undefined

  get state(): Observable<ConnectionState> {
    return this.#state
  }

  open(): Link {
    const key = {}
    this.#forget ??= onWake(() => this.#update())
    this.#links.set(key, 'connecting')
    this.#update()
    return {
      set: (state) => {
        if (!this.#links.has(key)) return
        this.#links.set(key, state)
        this.#update()
      },
      close: () => {
        this.#links.delete(key)
        this.#update()
        if (this.#links.size > 0) return
        this.#forget?.()
        this.#forget = undefined
      },
    }
  }

  #update(): void {
    const states = new Set(this.#links.values())
    const isOffline = globalThis.navigator?.onLine === false
    if (states.has('reconnecting')) this.#state.set(isOffline ? 'offline' : 'reconnecting')
    // One that is made beside another that works is no news.
    else if (states.has('connected')) this.#state.set('connected')
    else this.#state.set(states.size > 0 ? 'connecting' : 'idle')
  }
}
