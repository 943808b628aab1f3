/** Queue, bus and chunk log inside one process. */
import { LeaseLostError } from '../domain/errors.ts'
import type { Principal } from '../domain/run.ts'
import type {
  ChatSignal,
  ChunkLog,
  LogEntry,
  LogRead,
  OfferHandler,
  RunBus,
  RunQueue,
  Signal,
  Snapshot,
} from '../engine/ports.ts'
import { entriesAfter } from './run-entries.ts'

export const createLocalQueue = (): RunQueue => {
  const handlers = new Set<OfferHandler>()
  return {
    reach: 'process',
    async offer(offer) {
      for (const handler of handlers) void handler(offer)
    },
    // Who offers here knows what this process has room for.
    work(handler) {
      handlers.add(handler)
      return {
        async [Symbol.asyncDispose]() {
          handlers.delete(handler)
        },
      }
    },
  }
}

export const createLocalBus = (): RunBus => {
  const runs = new Topics<Signal>()
  const chats = new Topics<ChatSignal>()
  return {
    publish(signal) {
      runs.tell(signal.runId, signal)
      runs.tell('*', signal)
    },
    subscribe: (runId, listener) => runs.listen(runId, listener),
    publishChat: (signal) => chats.tell(ownerKey(signal), signal),
    subscribeChats: (owner, listener) => chats.listen(ownerKey(owner), listener),
  }
}

const ownerKey = ({ workspaceId, userId }: Principal): string =>
  JSON.stringify([workspaceId, userId])

/** Listeners by what they listen to. */
class Topics<T> {
  readonly #listeners = new Map<string, Set<(signal: T) => void>>()

  tell(key: string, signal: T): void {
    for (const listener of this.#listeners.get(key) ?? []) listener(signal)
  }

  listen(key: string, listener: (signal: T) => void): () => void {
    const set = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, set.add(listener))
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#listeners.get(key) === set) this.#listeners.delete(key)
    }
  }
}

type RunLog = {
  epoch: number
  snapshot: Snapshot | undefined
  /** From the snapshot before the latest on, so that readers who keep up never need a snapshot. */
  entries: LogEntry[]
}

/** How long a log that was dropped stays for readers that are a tick behind. */
export const DROP_AFTER_MS = 1000

export const createLocalChunkLog = (): ChunkLog & Disposable => {
  const logs = new Map<string, RunLog>()
  const timers = new Map<string, NodeJS.Timeout>()

  const open = (runId: string, epoch: number): RunLog => {
    const known = logs.get(runId)
    if (known && known.epoch > epoch) throw new LeaseLostError(runId, epoch)
    if (known && known.epoch === epoch) return known
    const log: RunLog = { epoch, snapshot: undefined, entries: [] }
    logs.set(runId, log)
    return log
  }

  return {
    async append(runId, entries) {
      const first = entries[0]
      if (first) open(runId, first.epoch).entries.push(...entries)
    },

    async compact(runId, snapshot) {
      const log = open(runId, snapshot.epoch)
      const covered = log.snapshot?.n ?? 0
      if (covered > 0) log.entries = log.entries.filter(({ n }) => n > covered)
      log.snapshot = snapshot
    },

    async read(runId, after): Promise<LogRead> {
      const log = logs.get(runId)
      if (!log) return { snapshot: undefined, entries: [] }
      return { snapshot: log.snapshot, entries: entriesAfter(log.entries, after) }
    },

    async drop(runId, epoch) {
      const timer = setTimeout(() => {
        timers.delete(runId)
        if ((logs.get(runId)?.epoch ?? 0) <= epoch) logs.delete(runId)
      }, DROP_AFTER_MS)
      clearTimeout(timers.get(runId))
      timers.set(runId, timer.unref())
    },

    [Symbol.dispose]() {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      logs.clear()
    },
  }
}
