/** A client of a connection that follows: it keeps what it was told, waits for what is to come, and sees how it ended. */
import type { ChatEnvelope, FeedEnvelope } from '../../src/protocol/envelopes.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import { readSse } from '../../src/protocol/sse-decoder.ts'

export type Envelope = FeedEnvelope | ChatEnvelope
export type EnvelopeOf<Type extends Envelope['type']> = Extract<Envelope, { readonly type: Type }>

const PATIENCE_MS = 20_000

export class Follower implements AsyncDisposable {
  readonly told: Envelope[] = []
  /** The `id:` of each message; empty where none has come yet. */
  readonly ids: string[] = []
  /** `broken` when the connection was destroyed, `clean` when it ended as if that were all. */
  readonly ended: Promise<'broken' | 'clean' | 'left'>
  readonly #leaving: AbortController
  #at = 0
  #wake = () => {}

  private constructor(response: Response, leaving: AbortController) {
    this.#leaving = leaving
    this.ended = this.#read(response).finally(() => this.#wake())
    // Nobody has to ask.
    this.ended.catch(() => undefined)
  }

  /** @throws when the answer is no stream */
  static async open(
    address: string | URL,
    { ask = fetch, ...init }: RequestInit & { ask?: typeof fetch } = {},
  ): Promise<Follower> {
    const leaving = new AbortController()
    const response = await ask(String(address), { ...init, signal: leaving.signal })
    if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
      throw new TypeError(`No stream but ${response.status}: ${await response.text()}`)
    return new Follower(response, leaving)
  }

  /** The next one of this type that fits; those before it have passed. */
  async next<Type extends Envelope['type']>(
    type: Type,
    fits: (envelope: EnvelopeOf<Type>) => boolean = () => true,
  ): Promise<EnvelopeOf<Type>> {
    const [found, at] = await this.#find(this.#at, type, fits)
    this.#at = at + 1
    return found
  }

  /** The first one that fits, wherever it stands among the others. */
  async any<Type extends Envelope['type']>(
    type: Type,
    fits: (envelope: EnvelopeOf<Type>) => boolean = () => true,
  ): Promise<EnvelopeOf<Type>> {
    const [found] = await this.#find(0, type, fits)
    return found
  }

  async #find<Type extends Envelope['type']>(
    from: number,
    type: Type,
    fits: (envelope: EnvelopeOf<Type>) => boolean,
  ): Promise<[EnvelopeOf<Type>, number]> {
    const deadline = AbortSignal.timeout(PATIENCE_MS)
    deadline.addEventListener('abort', () => this.#wake())
    for (let at = from; ;) {
      for (; at < this.told.length; at++) {
        const one = this.told[at]!
        if (one.type === type && fits(one as EnvelopeOf<Type>)) return [one as EnvelopeOf<Type>, at]
      }
      if (deadline.aborted || this.#isOver)
        throw new Error(`No ${type} as expected in ${JSON.stringify(this.told.slice(-20))}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** The chunks of a reader, or of a run, so far. */
  chunks(of: number | string): Chunk[] {
    return this.told.flatMap((one) =>
      one.type === 'chunk' && (('reader' in one && one.reader === of) || one.runId === of)
        ? one.chunk
        : [],
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving.abort()
    await this.ended
  }

  #isOver = false

  async #read(response: Response): Promise<'broken' | 'clean' | 'left'> {
    try {
      for await (const { id, data } of readSse(response.body!)) {
        this.told.push(JSON.parse(data) as Envelope)
        this.ids.push(id)
        this.#wake()
      }
      return 'clean'
    } catch {
      return this.#leaving.signal.aborted ? 'left' : 'broken'
    } finally {
      this.#isOver = true
    }
  }
}
