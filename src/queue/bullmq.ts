/**
 * Who runs next, among all processes on one Redis: BullMQ carries what was admitted.
 *
 * INVARIANT: Redis is not the truth. A job that is lost, late or there twice changes nothing but when a run begins.
 */
import { Queue } from 'bullmq'
import { ReplyError } from 'ioredis'
import { coerceError, QueueUnavailableError } from '../domain/errors.ts'
import type { Offer, RunQueue } from '../engine/ports.ts'
import {
  BullWorker,
  jobIdOf,
  QUEUE_NAME,
  type BullWorkerOptions,
  type NoData,
} from './bullmq-worker.ts'
import { connectRedis, hasMoved } from './redis/connection.ts'
import { explain } from './redis/failure.ts'

/** Runs that wait for a worker, and runs that a worker has in hand. */
const STATES = ['waiting', 'delayed', 'active', 'failed'] as const

export type QueueCounts = Readonly<Record<(typeof STATES)[number], number>>

export type BullQueue = RunQueue &
  AsyncDisposable & {
    /** It has not taken an offer a moment ago. */
    readonly isAway: boolean
    /** Of the whole fleet. @throws when Redis does not answer within a second */
    counts(): Promise<QueueCounts>
  }

/** Nobody's run begins later than that because Redis does not answer. */
const PATIENCE_MS = 1000
/** What is offered meanwhile is better offered elsewhere. */
const AWAY_MS = 2000
/** The stream of what happened to jobs, which nobody here reads. */
const KEPT_EVENTS = 100

export const createBullQueue = (options: BullWorkerOptions): BullQueue => {
  const { address, onError } = options
  // Whether there is a Redis at all is said by those who watch it.
  const connection = connectRedis(address, () => undefined)
  const workers: BullWorker[] = []
  const queue = new Queue<NoData, void, 'run'>(QUEUE_NAME, {
    connection,
    prefix: address.prefix,
    skipVersionCheck: true,
    streams: { events: { maxLen: KEPT_EVENTS } },
  })
  // Its commands fail with the same.
  queue.on('error', () => undefined)

  let isCutOff = false
  let failedAt = Number.NEGATIVE_INFINITY
  let trying: Promise<void> | undefined
  const add = async (offer: Offer) => {
    try {
      await promptly(queue.add('run', {}, { jobId: jobIdOf(offer) }))
      isCutOff = false
    } catch (thrown) {
      // Else it does not answer, which is said by those who watch it.
      const isRefused = thrown instanceof ReplyError && !hasMoved(coerceError(thrown))
      if (!isCutOff && isRefused) onError(explain(thrown, address))
      isCutOff = true
      failedAt = performance.now()
    }
  }

  return {
    reach: 'fleet',
    get isAway() {
      return performance.now() - failedAt < AWAY_MS
    },
    async offer(offer) {
      if (!isCutOff) return add(offer)
      // One at a time finds out whether Redis is back, and nobody waits for it.
      trying ??= add(offer).finally(() => (trying = undefined))
    },
    work(handler, concurrency) {
      // BullMQ knows no worker without hands.
      if (concurrency < 1) return { [Symbol.asyncDispose]: async () => undefined }
      const worker = new BullWorker(options, handler, concurrency)
      workers.push(worker)
      return { [Symbol.asyncDispose]: async () => worker.leave() }
    },
    counts: async () => (await promptly(queue.getJobCounts(...STATES))) as QueueCounts,
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.end()))
      connection.disconnect()
    },
  }
}

const promptly = async <T>(work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new QueueUnavailableError(`Redis has not answered for ${PATIENCE_MS} ms.`)),
    PATIENCE_MS,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
