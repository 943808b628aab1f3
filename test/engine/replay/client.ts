/** A client: keeps the frames it was sent; a cut forgets what came after it and reconnects with the last id. */
import { formatOffset, parseOffset } from '../../../src/domain/position.ts'
import type { RunStatus } from '../../../src/domain/run.ts'
import type { LogRead } from '../../../src/engine/ports.ts'
import { RunReader } from '../../../src/engine/tail/reader.ts'
import type { Frame } from '../../../src/engine/tail/replay.ts'
import { withSnapshot } from '../../../src/engine/tail/view.ts'
import type { World } from './world.ts'

export class Client {
  frames: Frame[] = []
  /** In a process that has the database and not the log. */
  #remote: boolean
  readonly #delivery: number[]
  #reader: RunReader | undefined
  #caughtUp = false
  #endedIn: RunStatus | undefined
  ended = false

  constructor(remote = false, mischief: readonly number[] = []) {
    this.#remote = remote
    this.#delivery = [...mischief]
  }

  async pull(world: World): Promise<void> {
    // A run that waited goes on, or was ended: the page asks for it again.
    if (this.ended && this.#endedIn !== world.status) this.#leave()
    if (this.ended) return
    this.#reader ??= new RunReader(this.#offset())
    const reader = this.#reader
    const read = this.#remote
      ? { snapshot: undefined, entries: [] }
      : unreliable(await world.log.read('run', reader.position), this.#mischief())
    let hole = this.#remote || this.frames.length === 0 || !this.#caughtUp
    for (const entry of hole ? [] : read.entries) {
      const next = reader.follow(entry)
      if (next === 'hole') {
        hole = true
        break
      }
      this.frames.push(...next)
    }
    if (hole || world.status !== 'running') this.#catchUp(world, reader, read)
    this.ended = reader.ended
    this.#endedIn = world.status
  }

  #catchUp(world: World, reader: RunReader, read: Awaited<ReturnType<World['log']['read']>>): void {
    this.frames.push(...reader.catchUp(withSnapshot(world.view, read.snapshot)))
    for (const entry of read.entries) {
      if (reader.ended) break
      const next = reader.follow(entry)
      if (next === 'hole') break
      this.frames.push(...next)
    }
    this.#caughtUp = true
  }

  /** What the log does with this reading; it behaves once the plan is used up. */
  #mischief(): number {
    return this.#delivery.pop() ?? 0
  }

  cut(keep: number): void {
    this.#remote = !this.#remote
    this.frames = this.frames.slice(0, keep)
    this.#leave()
  }

  #leave(): void {
    this.#reader = undefined
    this.#caughtUp = false
    this.ended = false
  }

  #offset() {
    const last = this.frames.at(-1)
    return last ? parseOffset(formatOffset(last.position)) : undefined
  }
}

/** A log that delivers late, twice and with holes. */
const unreliable = ({ snapshot, entries }: LogRead, mischief: number): LogRead => {
  const lost = Math.floor(mischief / 4) % Math.max(entries.length, 1)
  switch (mischief % 4) {
    case 1:
      return { snapshot, entries: entries.filter((_, index) => index !== lost) }
    case 2:
      return { snapshot, entries: [...entries, ...entries].toSorted((a, b) => a.n - b.n) }
    case 3:
      return { snapshot, entries: entries.slice(0, lost) }
    default:
      return { snapshot, entries }
  }
}
