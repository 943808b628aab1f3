/** Neighbours that only the slower way reaches, and what they read. */
import { FORGET_MS } from '../neighbours.ts'
import type { Notice } from '../notice.ts'

/** Who is heard on both ways is heard on both within so long. */
const APART_MS = 3000

type Neighbour = {
  /** When it was heard last, on which way. */
  fastAt: number
  slowAt: number
  reads: Map<string, number>
}

const NEVER = Number.NEGATIVE_INFINITY

export class Stranded {
  readonly #neighbours = new Map<string, Neighbour>()

  heardFast({ from }: Notice): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour) neighbour.fastAt = performance.now()
  }

  heardSlow({ from, hello, reads = [] }: Notice): void {
    const now = performance.now()
    const neighbour = this.#neighbours.get(from) ?? { fastAt: NEVER, slowAt: now, reads: new Map() }
    this.#neighbours.set(from, neighbour)
    neighbour.slowAt = now
    // Who changes over says hello on the way that it takes from then on.
    if (hello) neighbour.fastAt = NEVER
    for (const runId of reads) neighbour.reads.set(runId, now)
  }

  has(name: string): boolean {
    const neighbour = this.#neighbours.get(name)
    return neighbour !== undefined && isStranded(neighbour, performance.now())
  }

  get any(): boolean {
    this.forget()
    return this.#stranded().length > 0
  }

  reads(runId: string): boolean {
    const before = performance.now() - FORGET_MS
    return this.#stranded().some(({ reads }) => (reads.get(runId) ?? NEVER) > before)
  }

  #stranded(): readonly Neighbour[] {
    const now = performance.now()
    return [...this.#neighbours.values()].filter((neighbour) => isStranded(neighbour, now))
  }

  /** What was said too long ago; also while nobody asks, because the faster way is away. */
  forget(): void {
    const before = performance.now() - FORGET_MS
    for (const [name, { slowAt, reads }] of this.#neighbours) {
      if (slowAt < before) this.#neighbours.delete(name)
      for (const [runId, at] of reads) if (at < before) reads.delete(runId)
    }
  }
}

const isStranded = ({ fastAt, slowAt }: Neighbour, now: number): boolean =>
  slowAt > now - FORGET_MS && fastAt < slowAt - APART_MS
