/** A run as it is now, while somebody looks at it. */
import type { UIMessage } from 'ai'
import { coerceError } from '../domain/errors.ts'
import { isSettled } from '../domain/run.ts'
import type { OutlastClient } from './client.ts'
import { createStore, type Observable } from './store.ts'
import type { RunDetails, RunHold } from './types.ts'

export type RunState = {
  /** Undefined until it is known. */
  readonly run: RunDetails | undefined
  /** Which processes had it in hand, oldest first. */
  readonly holds: readonly RunHold[]
  readonly isLoading: boolean
  /** Why it could not be loaded. */
  readonly error: Error | undefined
}

export class LiveRun {
  readonly #client: OutlastClient<UIMessage>
  readonly #runId: string
  readonly #state = createStore<RunState>({
    run: undefined,
    holds: [],
    isLoading: true,
    error: undefined,
  })

  #look: (() => void) | undefined

  constructor(client: OutlastClient<UIMessage>, runId: string) {
    this.#client = client
    this.#runId = runId
  }

  get state(): Observable<RunState> {
    return this.#state
  }

  /** Looks at the server anew. */
  reload(): void {
    this.#look?.()
  }

  /** Begins to look. @returns a function that ends it */
  open(): () => void {
    let unfollow: (() => void) | undefined
    let latest: AbortController | undefined
    const load = async () => {
      // What was asked before may be answered later, and is older.
      latest?.abort()
      const { signal } = (latest = new AbortController())
      const run = await this.#load(signal)
      if (signal.aborted || !run) return
      if (isSettled(run.status)) unfollow?.()
      // Whatever is told of its chat: the run is what has changed, or it has settled and another one is the latest.
      else unfollow ??= this.#client.feed.follow(run.chatId, () => void load())
    }
    this.#look = () => void load()
    this.#look()
    return () => {
      this.#look = undefined
      latest?.abort()
      unfollow?.()
    }
  }

  async #load(signal: AbortSignal): Promise<RunDetails | undefined> {
    try {
      const { run, holds } = await this.#client.runs.find(this.#runId, { signal })
      if (!signal.aborted) this.#state.set({ run, holds, isLoading: false, error: undefined })
      return run
    } catch (thrown) {
      if (!signal.aborted)
        this.#state.set({ ...this.#state.get(), isLoading: false, error: coerceError(thrown) })
      return undefined
    }
  }
}
