/** The queue of the fleet as a Prometheus metric, asked for when somebody looks. */
import { Gauge, type Registry } from 'prom-client'

/** @param counts - by state; when it fails nothing is said of them */
export const queueMetrics = (
  registry: Registry,
  counts: () => Promise<Readonly<Record<string, number>>>,
): void => {
  new Gauge({
    name: 'outlast_queue_jobs',
    help: 'Runs that were let in, as Redis has them: those of the whole fleet.',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const known = await counts().catch(() => ({}))
      this.reset()
      for (const [state, count] of Object.entries(known)) this.set({ state }, count)
    },
  })
}
