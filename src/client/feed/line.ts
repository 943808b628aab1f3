/** Keeps one connection to `/follow` open: made again when it breaks, and when it has to carry something else. */
import { coerceError, OutlastError } from '../../domain/errors.ts'
import type { FeedEnvelope } from '../../protocol/envelopes.ts'
import { ROUTES } from '../../protocol/routes.ts'
import { Backoff } from '../backoff.ts'
import type { Connections, Link, LinkState } from '../connection.ts'
import { ConnectionLostError, waitOf } from '../errors.ts'
import type { Http } from '../http.ts'
import { linkedSignal, type LinkedSignal } from '../linked-signal.ts'
import { readBatches } from '../messages.ts'
import { pauseOrWake } from '../wake.ts'

/** The server begins its answer at once; a network may swallow the request. */
const ANSWER_MS = 25_000
/** A connection that lasted so long has worked, whatever came. */
const STEADY_MS = 5000
/** Until somebody whom the server refuses is asked about again: a token may have been renewed. */
const REFUSED_MS = 60_000

/** One connection. */
export type Plan = {
  readonly query: { readonly chat: readonly string[]; readonly run: readonly string[] }
  /**
   * What arrived together.
   * @returns true when readers are further than before
   * @throws OutlastError of a reader that may be readable later
   */
  receive(envelopes: readonly FeedEnvelope[]): boolean
}

export type LineOptions = {
  readonly http: Http
  readonly connections: Connections
  /** Asked at each connection, so that it begins where the one before it ended. */
  readonly plan: () => Plan
  readonly onState: (state: LinkState | 'idle') => void
  /** The server is there: it said something, or just that. */
  readonly onSign: () => void
  /** The server will not answer this differently. */
  readonly onRefused: (error: OutlastError) => void
}

export class Line {
  readonly #options: LineOptions
  readonly #backoff = new Backoff()
  #link: Link | undefined
  #leaving: AbortController | undefined

  constructor(options: LineOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#leaving !== undefined
  }

  /** Leaves what is open, of which nothing is heard any more, and opens what is wanted now. */
  open(): void {
    if (!this.#link) {
      this.#link = this.#options.connections.open()
      this.#options.onState('connecting')
    }
    this.#leaving?.abort()
    this.#leaving = new AbortController()
    void this.#keep(this.#leaving.signal)
  }

  close(): void {
    this.#leaving?.abort()
    this.#leaving = undefined
    this.#link?.close()
    this.#link = undefined
    this.#options.onState('idle')
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const error = await this.#connect(signal)
      if (signal.aborted) return
      this.#set('reconnecting')
      await pauseOrWake(this.#pauseAfter(error), signal)
    }
  }

  #pauseAfter(error: OutlastError): number {
    if (error.retryable) return this.#backoff.next(waitOf(error))
    this.#options.onRefused(error)
    return REFUSED_MS
  }

  /** @returns what it ended with */
  async #connect(signal: AbortSignal): Promise<OutlastError> {
    // Given to the request, whose connection then ends at once, also in a page that is frozen in the next moment.
    const attempt = linkedSignal(signal)
    try {
      const plan = this.#options.plan()
      const response = await this.#request(plan, attempt)
      const since = Date.now()
      for await (const batch of readBatches(response, signal)) {
        if (signal.aborted) break
        const isFurther = plan.receive(batch.map(({ data }) => JSON.parse(data) as FeedEnvelope))
        if (isFurther || Date.now() - since > STEADY_MS) this.#backoff.reset()
        this.#set('connected')
        this.#options.onSign()
      }
      return new ConnectionLostError('The server has ended the connection.')
    } catch (thrown) {
      if (thrown instanceof OutlastError) return thrown
      return new ConnectionLostError('The answer cannot be read.', { cause: coerceError(thrown) })
    } finally {
      attempt.unlink()
    }
  }

  async #request({ query }: Plan, attempt: LinkedSignal): Promise<Response> {
    const late = new ConnectionLostError('The server has not answered for too long.')
    const timer = setTimeout(() => attempt.abort(late), ANSWER_MS)
    try {
      return await this.#options.http.send(ROUTES.follow, { query, signal: attempt.signal })
    } finally {
      clearTimeout(timer)
    }
  }

  #set(state: LinkState): void {
    this.#link?.set(state)
    this.#options.onState(state)
  }
}
