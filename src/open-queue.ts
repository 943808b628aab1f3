/** Who runs next: within this process, or through the Redis of many. */
import type { EngineEvents, RunQueue } from './engine/ports.ts'
import type { OpenedRedis } from './open-redis.ts'
import { createEitherQueue } from './queue/either-queue.ts'
import { createLocalQueue } from './queue/local.ts'
import type { TelemetryOptions } from './telemetry/instrument.ts'
import { queueMetrics } from './telemetry/queue-metrics.ts'

export type OpenQueueOptions = {
  readonly redis: OpenedRedis | undefined
  readonly leaseTtlMs: number
  readonly telemetry: TelemetryOptions | undefined
  readonly onError: EngineEvents['error']
}

/** While it is away everything goes on over PostgreSQL, slower. */
export type RedisState = 'ok' | 'away'

export type OpenedQueue = AsyncDisposable & {
  readonly queue: RunQueue
  /** Undefined where there is none. */
  readonly redis: (() => RedisState) | undefined
}

export const localQueue = (): OpenedQueue => ({
  queue: createLocalQueue(),
  redis: undefined,
  [Symbol.asyncDispose]: async () => undefined,
})

export const openQueue = async ({
  redis,
  leaseTtlMs,
  telemetry: { metrics } = {},
  onError,
}: OpenQueueOptions): Promise<OpenedQueue> => {
  if (!redis) return localQueue()
  // Nobody else pays for what only this needs.
  const { RedisWatch } = await import('./queue/redis/watch.ts')
  const { createBullQueue } = await import('./queue/bullmq.ts')
  const { address, voice } = redis
  const queue = createBullQueue({
    address,
    leaseTtlMs,
    onError: (error) => voice.refused(error),
  })
  const watch = new RedisWatch(address, {
    away: (error) => voice.away('watch', error),
    unsafe: (error) => onError(error, { during: 'using Redis' }),
    back: () => voice.back('watch'),
  })
  if (metrics) queueMetrics(metrics, () => queue.counts())
  return {
    queue: createEitherQueue({
      far: queue,
      near: createLocalQueue(),
      isAway: () => queue.isAway || !watch.answers,
    }),
    redis: () => (watch.answers ? 'ok' : 'away'),
    async [Symbol.asyncDispose]() {
      watch[Symbol.dispose]()
      await queue[Symbol.asyncDispose]()
    },
  }
}
