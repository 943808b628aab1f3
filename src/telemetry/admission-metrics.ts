/** How many runs wait, and for what: of all processes together, asked for when somebody looks. */
import { Gauge, type Registry } from 'prom-client'
import type { Capacity } from '../domain/overview.ts'
import type { QueueState } from '../engine/ports.ts'

export type AdmissionSources = {
  readonly state: () => Promise<QueueState>
  readonly capacity: () => Promise<Capacity>
}

/** When the database does not answer nothing is said of them. */
export const admissionMetrics = (
  registry: Registry,
  { state, capacity }: AdmissionSources,
): void => {
  const gauge = (name: string, help: string, value: () => Promise<number>) =>
    new Gauge({
      name: `outlast_${name}`,
      help,
      registers: [registry],
      async collect() {
        try {
          this.set(await value())
        } catch {
          this.remove()
        }
      },
    })
  // All gauges are asked at the same time.
  const look = together(state)
  gauge('runs_pending', 'Runs that wait to be let in.', async () => (await look()).pending)
  gauge(
    'runs_pending_oldest_seconds',
    'For how long the oldest of them has.',
    async () => (await look()).oldestMs / 1000,
  )
  gauge(
    'runs_admitted',
    'Runs that were let in and are not at rest.',
    async () => (await look()).admitted,
  )
  gauge(
    'capacity',
    'Runs that all workers can execute at a time.',
    async () => (await capacity()).concurrency,
  )
}

const together = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | undefined
  return () =>
    (underWay ??= work().finally(() => {
      underWay = undefined
    }))
}
