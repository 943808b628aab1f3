/** Renews the leases of everything this process executes, in one statement, and brings stop requests along. */
import { coerceError } from '../../domain/errors.ts'
import type { Lease } from '../../domain/run.ts'
import type { Clock, EngineEvents, RunStore } from '../ports.ts'

export type Held = {
  readonly lease: Lease
  /** The lease was good at this time of the clock. */
  renewed(at: number): void
  stop(): void
  lose(): void
}

export const keepLeases = (options: {
  store: RunStore
  clock: Clock
  ttlMs: number
  held: () => readonly Held[]
  onError: EngineEvents['error']
}): (() => void) => {
  const { store, clock, ttlMs, held, onError } = options
  let cancel: (() => void) | undefined
  let closed = false

  const renew = async () => {
    const now = held()
    if (now.length === 0) return
    const asked = clock.now()
    const states = await store.renew(
      now.map(({ lease }) => lease),
      ttlMs,
    )
    const byRun = new Map(states.map((state) => [state.runId, state]))
    for (const run of now) {
      const state = byRun.get(run.lease.runId)
      if (state?.epoch !== run.lease.epoch) {
        run.lose()
        continue
      }
      run.renewed(asked)
      if (state.stopRequested) run.stop()
    }
  }

  const tick = async () => {
    try {
      await renew()
    } catch (thrown) {
      // The lease may have lapsed meanwhile; as long as nobody else claimed, the next renewal gets it back.
      onError(coerceError(thrown), { during: 'renewing leases' })
    }
    if (!closed) cancel = clock.after(ttlMs / 3, () => void tick())
  }

  cancel = clock.after(ttlMs / 3, () => void tick())
  return () => {
    closed = true
    cancel?.()
  }
}
