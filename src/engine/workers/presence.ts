/** Says in the database, over and over, that this process is there, until it is closed. */
import { coerceError } from '../../domain/errors.ts'
import { WORKER_SILENT_MS, type WorkerRecord } from '../../domain/overview.ts'
import type { WorkerRegistry } from '../catalog-ports.ts'
import type { Clock, EngineEvents } from '../ports.ts'

export type PresenceOptions = {
  readonly workers: WorkerRegistry
  readonly clock: Clock
  readonly worker: Pick<WorkerRecord, 'id' | 'version' | 'concurrency'>
  /** How often while the process executes something; less often otherwise. */
  readonly busyMs: number
  readonly isBusy: () => boolean
  readonly onError: EngineEvents['error']
}

/** @returns what ends it: the process is not there any more */
export const keepPresence = ({
  workers,
  clock,
  worker,
  busyMs,
  isBusy,
  onError,
}: PresenceOptions): (() => Promise<void>) => {
  const idleMs = WORKER_SILENT_MS / 3
  let cancel: (() => void) | undefined
  let closed = false
  const attempt = async (during: string, work: Promise<void>) => {
    try {
      await work
    } catch (thrown) {
      onError(coerceError(thrown), { during })
    }
  }
  const tick = async () => {
    await attempt('announcing this process', workers.announce(worker))
    if (closed) return
    const ms = isBusy() ? Math.min(busyMs, idleMs) : idleMs
    cancel = clock.after(ms, () => {
      announced = tick()
    })
  }
  let announced = tick()
  return async () => {
    closed = true
    cancel?.()
    // What is on its way would come after the farewell.
    await announced
    await attempt('taking leave', workers.leave(worker.id))
  }
}
