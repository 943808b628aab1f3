/** A list that the server has in pages, kept up to date while somebody looks at it. */
import { coerceError } from '../domain/errors.ts'
import { createStore, type Observable } from './store.ts'

export type ListPage<T> = { readonly items: readonly T[]; readonly after: string | undefined }

export type ListState<T> = {
  readonly items: readonly T[]
  readonly isLoading: boolean
  /** There are more: `loadMore` gets them. */
  readonly hasMore: boolean
  /** Why it could not be loaded. */
  readonly error: Error | undefined
}

export type ListSource<T> = {
  /** The page after this position. */
  readonly load: (after: string | undefined, signal: AbortSignal) => Promise<ListPage<T>>
  /** Calls back when the list may have changed. */
  readonly watch: (listener: () => void) => () => void
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
  #looking: AbortController | undefined

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
    let timer: ReturnType<typeof setTimeout> | undefined
    this.reload()
    const unwatch = this.#source.watch(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        this.reload()
      }, GATHER_MS)
    })
    return () => {
      clearTimeout(timer)
      unwatch()
      looking.abort()
    }
  }

  reload(): void {
    void this.#load(undefined)
  }

  loadMore(): void {
    if (this.#after !== undefined) void this.#load(this.#after)
  }

  async #load(after: string | undefined): Promise<void> {
    const signal = this.#looking?.signal
    if (!signal || signal.aborted) return
    try {
      const page = await this.#source.load(after, signal)
      if (!signal.aborted) this.#show(page, after)
    } catch (thrown) {
      if (signal.aborted) return
      this.#state.set({ ...this.#state.get(), isLoading: false, error: coerceError(thrown) })
    }
  }

  /** The first page anew in front of the others, which keep their order; a later page behind them. */
  #show(page: ListPage<T>, after: string | undefined): void {
    const { items: before } = this.#state.get()
    const news = new Set(page.items.map(({ id }) => id))
    const others = before.filter(({ id }) => !news.has(id))
    const isFirst = after === undefined
    const isWhole = isFirst && (page.after === undefined || others.length === 0)
    const items = isWhole
      ? page.items
      : isFirst
        ? [...page.items, ...others]
        : [...others, ...page.items]
    if (isWhole || !isFirst) this.#after = page.after
    const hasMore = this.#after !== undefined
    this.#state.set({ items, isLoading: false, hasMore, error: undefined })
  }
}
