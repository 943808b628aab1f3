/** Breaks things: one fault after the other, as the plan says, until it is told to stop; then everything is mended. */
import type { RunServer } from './adapter.ts'
import { doorsOf, type Role } from './fleet.ts'
import type { FaultRecord, RedisFaultRecord } from './history.ts'
import {
  nextFault,
  type PlannedFault,
  type ProcessFault,
  type Random,
  type RedisFault,
} from './plan.ts'
import { pause } from './pause.ts'
import { isRedisFault, RedisFaults } from './redis-faults.ts'
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
  readonly #redis: RedisFaults | undefined

  constructor(options: FaultOptions) {
    this.#options = options
    const { redis, roles } = options.server
    if (redis) this.#redis = new RedisFaults({ redis, roles, ending: this.#ending.signal })
  }

  get redisRecords(): readonly RedisFaultRecord[] {
    return this.#redis?.records ?? []
  }

  /** Resolves when all faults are over. */
  async run(): Promise<void> {
    const { random, leaseMs, faultMs, signal } = this.#options
    signal.addEventListener('abort', () => this.#ending.abort(), { once: true })
    const going: Promise<void>[] = []
    while (!signal.aborted) {
      await pause(faultMs, signal)
      if (signal.aborted) break
      const mayBreak = (kind: ProcessFault | RedisFault) =>
        isRedisFault(kind) ? this.#redis!.mayBreak(kind) : this.#breakable().length > 0
      const redis = this.#redis !== undefined
      going.push(this.#play(nextFault(random, { leaseMs, redis, mayBreak })))
    }
    await Promise.all(going)
  }

  async #play(fault: PlannedFault): Promise<void> {
    switch (fault.kind) {
      case 'stop':
        return this.#stop(fault.pick)
      case 'readers':
        return this.#cutReaders(fault.pick)
      case 'redis-kill':
      case 'redis-flush':
      case 'redis-freeze':
      case 'redis-latency':
      case 'redis-cut':
        return this.#redis!.break(fault)
      default:
        return this.#break(fault.kind, fault.pick, fault.ms)
    }
  }

  async #break(kind: ProcessFault, pick: number, ms: number): Promise<void> {
    const breakable = this.#breakable()
    const process = breakable[pick % breakable.length]!
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

  /** One process of each role is always left alone: what a fleet does with none is another question. */
  #breakable(): number[] {
    const { roles } = this.#options.server
    const leavesOne = (role: Role) =>
      roles.filter((one, process) => one === role && !this.#troubled.has(process)).length > 1
    return roles.flatMap((role, process) =>
      !this.#troubled.has(process) && !this.#resting.has(process) && leavesOne(role)
        ? [process]
        : [],
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
    const doors = doorsOf(server)
    const answer = await server.stop(doors[pick % doors.length]!, run.id, signal).then(
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
