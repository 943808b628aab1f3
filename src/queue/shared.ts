/**
 * Bus and chunk log of several processes on one database. Who listens and reads in the process that speaks is served from
 * memory, as in `local.ts`; the others are told, and look.
 */
import { createLocalBus, createLocalChunkLog } from './local.ts'
import { Mirror, type TailSink } from './mirror.ts'
import { Neighbours, type Wire } from './neighbours.ts'
import { Replicas, type TailSource } from './replicas.ts'
import type { ChunkLog, RunBus } from '../engine/ports.ts'

export type TailStore = TailSink & TailSource & { sweep(): Promise<void> }

export type SharedOptions = {
  /** Names this process. */
  readonly name: string
  readonly tails: TailStore
  readonly wire: Wire
  readonly onError: (error: Error) => void
}

export type Shared = AsyncDisposable & { readonly bus: RunBus; readonly log: ChunkLog }

const SWEEP_MS = 60_000

export const createShared = ({ name, tails, wire, onError }: SharedOptions): Shared => {
  const local = createLocalBus()
  const near = createLocalChunkLog()
  const neighbours: Neighbours = new Neighbours(
    { name, wire, onError },
    {
      run: (signal) => {
        if (signal.kind === 'progress') replicas.look(signal.runId)
        else local.publish(signal)
      },
      chat: (signal) => local.publishChat(signal),
      wanted: (runId) => mirror.wanted(runId),
      reads: () => replicas.reads(),
    },
  )
  const mirror = new Mirror({ near, far: tails, neighbours, onError })
  const replicas = new Replicas({
    far: tails,
    bus: local,
    neighbours,
    isOurs: (runId) => mirror.holds(runId),
    onError,
  })
  const sweeping = setInterval(() => void tails.sweep().catch(onError), SWEEP_MS).unref()
  return {
    bus: sharedBus(local, neighbours),
    log: sharedLog(near, { mirror, replicas, neighbours }),
    async [Symbol.asyncDispose]() {
      clearInterval(sweeping)
      await mirror[Symbol.asyncDispose]()
      await replicas[Symbol.asyncDispose]()
      await neighbours[Symbol.asyncDispose]()
      near[Symbol.dispose]()
    },
  }
}

const sharedBus = (local: RunBus, neighbours: Neighbours): RunBus => ({
  ...local,
  publish(signal) {
    local.publish(signal)
    // That there is something to read is said once it is written down.
    if (signal.kind !== 'progress') neighbours.tell(signal)
  },
  publishChat(signal) {
    local.publishChat(signal)
    neighbours.tellChat(signal)
  },
})

type Parts = {
  readonly mirror: Mirror
  readonly replicas: Replicas
  readonly neighbours: Neighbours
}

const sharedLog = (near: ChunkLog, { mirror, replicas, neighbours }: Parts): ChunkLog => ({
  async append(runId, entries) {
    await near.append(runId, entries)
    if (entries[0]) mirror.grown(runId, entries[0].epoch)
  },
  async compact(runId, snapshot) {
    await near.compact(runId, snapshot)
    mirror.grown(runId, snapshot.epoch)
  },
  async read(runId, after) {
    const read = await near.read(runId, after)
    // What this process has given back may go on in another one.
    if (mirror.holds(runId) || read.entries.length > 0 || neighbours.isAlone) return read
    return replicas.read(runId, after)
  },
  async drop(runId, epoch) {
    await near.drop(runId, epoch)
    mirror.drop(runId, epoch)
  },
})
