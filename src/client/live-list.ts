/** A list that the server has in pages, kept up to date while somebody looks at it. */
import { coerceError } from '../domain/errors.ts'
import { createStore, type Observable } from './store.ts'
import { onWake } from './wake.ts'

export type ListPage<T> = { readonly items: readonly T[]; readonly after: string | undefined }

export type ListState<T> = {
  readonly items: readonly T[]
  readonly isLoading: boolean
  /** There are more: `loadMore` gets them. */
  readonly hasMore: boolean
  /** Why it could not be loaded. */
  readonly error: Error | undefined
}

/** What the items are after something happened; undefined where only the server knows. */
export type ListChange<T> = (list: ListState<T>) => readonly T[] | undefined

export type ListSource<T> = {
  /** The page after this position. */
  readonly load: (after: string | undefined, signal: AbortSignal) => Promise<ListPage<T>>
  /** Calls back when the list may have changed. */
  readonly watch: (listener: (change: ListChange<T>) => void) => () => void
}

/** News come in bursts, and one look at the server serves them all. */
const GATHER_MS = 100

export class LiveList<T extends { readonly id: string }> {
  readonly #source: ListSource<T>
  readonly #state = createStore<ListState<T>>({
    items: [],
    isLoading: true,
    hasMore: false,
    error: undefined,
  })
  #after: string | undefined
  /** Items that were asked for, also by who asked for more while the list was loaded. */
  #wanted = 0
  #looking: AbortController | undefined
  /** Requests that are on their way: what they answer may be older than what is told meanwhile. */
  #loads = 0
  #begun = 0
  /** Which of the requests gave what is shown: what was asked before it is older. */
  #shown = 0
  #gathering: ReturnType<typeof setTimeout> | undefined
  /** Nobody looks at the page; who comes back looks at the server. */
  #isBehind = false

  constructor(source: ListSource<T>) {
    this.#source = source
  }

  get state(): Observable<ListState<T>> {
    return this.#state
  }

  /** Begins to look. @returns a function that ends it */
  open(): () => void {
    const looking = new AbortController()
    this.#looking = looking
    this.reload()
    const unwatch = this.#source.watch((change) => this.#hear(change))
    const awake = onWake((wake) => {
      if (wake === 'shown' && this.#isBehind) this.reload()
    })
    return () => {
      clearTimeout(this.#gathering)
      this.#gathering = undefined
      unwatch()
      awake()
      looking.abort()
    }
  }

  reload(): void {
    this.#isBehind = false
    void this.#request(async (signal) => {
      const { load } = this.#source
      let { items, after } = await load(undefined, signal)
      while (items.length < this.#wanted && after !== undefined) {
        const next = await load(after, signal)
        items = joined(items, next.items)
        after = next.after
      }
      return { items, after }
    })
  }

  loadMore(): void {
    const after = this.#after
    if (after === undefined) return
    this.#wanted = this.#state.get().items.length + 1
    // What is on its way may have news of the pages before, and would be older than this one.
    if (this.#loads > 0) return this.reload()
    void this.#request(async (signal) => {
      const page = await this.#source.load(after, signal)
      return { items: joined(this.#state.get().items, page.items), after: page.after }
    })
  }

  #hear(change: ListChange<T>): void {
    const state = this.#state.get()
    const isKnown = this.#loads === 0 && !state.isLoading && !state.error
    const items = isKnown ? change(state) : undefined
    if (items === undefined) this.#reloadSoon()
    else if (items !== state.items) this.#state.set({ ...state, items })
  }

  #reloadSoon(): void {
    if (globalThis.document?.visibilityState === 'hidden') this.#isBehind = true
    else
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined
        this.reload()
      }, GATHER_MS)
  }

  async #request(load: (signal: AbortSignal) => Promise<ListPage<T>>): Promise<void> {
    const signal = this.#looking?.signal
    if (!signal || signal.aborted) return
    this.#loads += 1
    const turn = (this.#begun += 1)
    try {
      const { items, after } = await load(signal)
      if (signal.aborted || turn < this.#shown) return
      this.#shown = turn
      this.#after = after
      this.#wanted = Math.max(this.#wanted, items.length)
      const hasMore = after !== undefined
      this.#state.set({ items, isLoading: false, hasMore, error: undefined })
    } catch (thrown) {
      if (signal.aborted || turn < this.#shown) return
      this.#state.set({ ...this.#state.get(), isLoading: false, error: coerceError(thrown) })
    } finally {
      this.#loads -= 1
    }
  }
}

/** What changed while somebody paged may be on both pages. */
const joined = <T extends { readonly id: string }>(
  items: readonly T[],
  more: readonly T[],
): readonly T[] => {
  const known = new Set(items.map(({ id }) => id))
  return [...items, ...more.filter(({ id }) => !known.has(id))]
}
