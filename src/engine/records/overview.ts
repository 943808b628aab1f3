/** What an owner's runs came to, and who executes them, as one answer. */
import {
  bucketMsOf,
  bucketsOf,
  NO_RUNS,
  WORKER_SILENT_MS,
  type RunStatistics,
  type TimeRange,
  type WorkerLease,
  type WorkerRecord,
} from '../../domain/overview.ts'
import { workerOf, type Principal } from '../../domain/run.ts'
import type { Overview, OverviewApi, WorkerReport } from '../catalog-api.ts'
import type { RunOverview, WorkerRegistry } from '../catalog-ports.ts'

export type OverviewPorts = {
  readonly catalog: RunOverview
  readonly workers: WorkerRegistry
  /** Of this server's agents, as far as they have names. */
  readonly agents: readonly string[]
}

export class Overviews implements OverviewApi {
  readonly #ports: OverviewPorts

  constructor(ports: OverviewPorts) {
    this.#ports = ports
  }

  async look(principal: Principal, range: TimeRange): Promise<Overview> {
    const { catalog, workers, agents } = this.#ports
    const bucketMs = bucketMsOf(range)
    const [statistics, there, leases] = await Promise.all([
      catalog.statistics(principal, range, bucketMs),
      workers.list(),
      catalog.leases(principal),
    ])
    const { totals, byAgent, byModel, byError } = statistics
    const used = byAgent.flatMap(({ agent }) => (agent === null ? [] : [agent]))
    return {
      from: range.from.toISOString(),
      to: range.to.toISOString(),
      bucketMs,
      buckets: withoutGaps(statistics, range, bucketMs),
      totals,
      byModel,
      byAgent: byAgent.map(({ aborted: _, active: __, ...rest }) => rest),
      byError,
      agents: [...new Set([...agents, ...used])].toSorted(),
      workers: there.map((worker) => workerReport(worker, leases)),
    }
  }
}

const { runs: _, ...NOTHING } = NO_RUNS

const withoutGaps = (
  { buckets }: RunStatistics,
  range: TimeRange,
  bucketMs: number,
): Overview['buckets'] => {
  const known = new Map(buckets.map(({ at, runs: __, ...rest }) => [at.getTime(), rest]))
  return bucketsOf(range, bucketMs).map((at) => ({
    at: at.toISOString(),
    ...(known.get(at.getTime()) ?? NOTHING),
  }))
}

const workerReport = (worker: WorkerRecord, leases: readonly WorkerLease[]): WorkerReport => ({
  id: worker.id,
  startedAt: worker.startedAt.toISOString(),
  seenAt: worker.seenAt.toISOString(),
  isAlive: worker.silentMs < WORKER_SILENT_MS,
  version: worker.version,
  concurrency: worker.concurrency,
  leases: leases
    .filter(({ holder }) => workerOf(holder) === worker.id)
    .map(({ runId, chatPublicId, epoch, expiresAt }) => ({
      runId,
      chatId: chatPublicId,
      epoch,
      expiresAt: expiresAt?.toISOString() ?? null,
    })),
})
