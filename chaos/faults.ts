/** Breaks things: one fault after the other, as the plan says, until it is told to stop; then everything is mended. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunServer } from './adapter.ts'
import type { FaultRecord } from './history.ts'
import { nextFault, type PlannedFault, type ProcessFault, type Random } from './plan.ts'
import type { ActiveRun } from './turn.ts'

/** How long a process is left alone after a fault: else nothing would ever get done. */
const REST_MS = 1500
const STOP_MS = 6000

export type FaultOptions = {
  readonly server: RunServer
  readonly random: Random
  readonly leaseMs: number
  readonly faultMs: number
  readonly active: ReadonlySet<ActiveRun>
  /** Ends it. */
  readonly signal: AbortSignal
}

export class Faults {
  readonly records: FaultRecord[] = []
  readersCut = 0
  readonly #options: FaultOptions
  readonly #troubled = new Set<number>()
  /** Processes that were in trouble until a moment ago. */
  readonly #resting = new Set<number>()
  readonly #ending = new AbortController()

  constructor(options: FaultOptions) {
    this.#options = options
  }

  /** Resolves when all faults are over. */
  async run(): Promise<void> {
    const { server, random, leaseMs, faultMs, signal } = this.#options
    signal.addEventListener('abort', () => this.#ending.abort(), { once: true })
    const going: Promise<void>[] = []
    while (!signal.aborted) {
      await pause(faultMs, signal)
      if (signal.aborted) break
      // One process is always left alone: what a fleet does with none is another question.
      const mayBreak = this.#troubled.size < server.processes - 1 && this.#healthy().length > 0
      going.push(this.#play(nextFault(random, leaseMs, mayBreak)))
    }
    await Promise.all(going)
  }

  async #play(fault: PlannedFault): Promise<void> {
    switch (fault.kind) {
      case 'stop':
        return this.#stop(fault.pick)
      case 'readers':
        return this.#cutReaders(fault.pick)
      default:
        return this.#break(fault.kind, fault.pick, fault.ms)
    }
  }

  async #break(kind: ProcessFault, pick: number, ms: number): Promise<void> {
    const healthy = this.#healthy()
    const process = healthy[pick % healthy.length]!
    this.#troubled.add(process)
    const record: FaultRecord = { kind, process, from: Date.now(), to: Number.POSITIVE_INFINITY }
    this.records.push(record)
    await this.#hurt(kind, process, ms)
    record.to = Date.now()
    this.#troubled.delete(process)
    this.#resting.add(process)
    await pause(REST_MS, this.#ending.signal)
    this.#resting.delete(process)
  }

  #healthy(): number[] {
    const { processes } = this.#options.server
    return Array.from({ length: processes }, (_, n) => n).filter(
      (process) => !this.#troubled.has(process) && !this.#resting.has(process),
    )
  }

  async #hurt(kind: ProcessFault, process: number, ms: number): Promise<void> {
    const { server } = this.#options
    switch (kind) {
      case 'kill':
        await server.kill(process)
        await pause(ms, this.#ending.signal)
        return server.start(process)
      case 'terminate':
        await server.terminate(process)
        await pause(ms, this.#ending.signal)
        return server.start(process)
      case 'freeze':
        server.freeze(process)
        await pause(ms, this.#ending.signal)
        return server.thaw(process)
      case 'cut':
      case 'stall':
        server.database(process, kind === 'cut' ? 'cut' : 'stalled')
        await pause(ms, this.#ending.signal)
        return server.database(process, 'open')
      default:
        return kind satisfies never
    }
  }

  async #stop(pick: number): Promise<void> {
    const { server, active } = this.#options
    const runs = [...active]
    const run = runs[pick % Math.max(1, runs.length)]
    if (!run) return
    const signal = AbortSignal.timeout(STOP_MS)
    const answer = await server.stop(pick % server.processes, run.id, signal).then(
      (stopped) => (stopped ? 'acknowledged' : 'refused'),
      () => 'unanswered' as const,
    )
    run.record.stops.push({ at: Date.now(), answer })
  }

  async #cutReaders(pick: number): Promise<void> {
    const readers = [...this.#options.active]
      .flatMap((run) => run.readers)
      .filter(({ record }) => !record.done)
    for (const [n, reader] of readers.entries()) {
      if ((n + pick) % 3 !== 0) continue
      reader.cut()
      this.readersCut += 1
    }
  }
}

/** Sleeps, but not beyond the signal. */
const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
