/** Takes runs out of the queue that BullMQ keeps in Redis, for the worker of this process. */
import { WaitingError, Worker, type Job } from 'bullmq'
import { Redis, ReplyError } from 'ioredis'
import type { Offer, OfferHandler } from '../engine/ports.ts'
import { connectionOptions, hasMoved, type RedisAddress } from './redis/connection.ts'
import { explain } from './redis/failure.ts'

export type BullWorkerOptions = {
  readonly address: RedisAddress
  /** For so long a run belongs to a holder that is silent. */
  readonly leaseTtlMs: number
  /** Hears what Redis refuses, each time. */
  readonly onError: (error: Error) => void
}

export const QUEUE_NAME = 'runs'

/** All that a job says is in its id: what else Redis had of it may have been evicted. */
export type NoData = Readonly<Record<string, never>>

type RunJob = Job<NoData, void, 'run'>

export const jobIdOf = ({ runId, epoch }: Offer): string => `${runId}-${epoch}`

const offerOf = ({ id = '' }: Pick<RunJob, 'id'>): Offer => {
  const end = id.lastIndexOf('-')
  return { runId: id.slice(0, end), epoch: Number(id.slice(end + 1)) }
}

/** As BullMQ wants it: what a worker says waits for Redis. The silence is longer than it waits for a job. */
const PATIENT = { maxRetriesPerRequest: null, socketTimeout: 15_000 }
/** For so long a worker that has declined a run leaves all to others. */
const REST_MS = 250
/** What ending in good order may take once handlers are done. */
const END_MS = 1000
/** After a refusal. */
const AGAIN_MS = 2000

/**
 * A finished job is not kept: an offer of the same run in the same epoch, made because its claim has failed, would be taken for
 * the finished one and be lost. What became of a run is in the database.
 */
const KEEP_NONE = { count: 0 }

export class BullWorker {
  readonly #connection: Redis
  readonly #worker: Worker<NoData, void, 'run'>
  readonly #handler: OfferHandler
  readonly #onError: (error: Error) => void
  #left: Promise<void> | undefined
  #resting: NodeJS.Timeout | undefined

  constructor(
    { address, leaseTtlMs, onError }: BullWorkerOptions,
    handler: OfferHandler,
    concurrency: number,
  ) {
    this.#handler = handler
    this.#onError = (error) => onError(explain(error, address))
    this.#connection = new Redis({ ...connectionOptions(address), ...PATIENT })
    // Whether there is a Redis at all is said by those who watch it.
    this.#connection.on('error', () => undefined)
    this.#worker = new Worker(QUEUE_NAME, (job, token) => this.#process(job, token), {
      connection: this.#connection,
      prefix: address.prefix,
      concurrency: Math.min(concurrency, Number.MAX_SAFE_INTEGER),
      // A job is lost with the lease of its run, not before; the claim decides what becomes of it.
      lockDuration: leaseTtlMs,
      stalledInterval: leaseTtlMs / 2,
      runRetryDelay: AGAIN_MS,
      removeOnComplete: KEEP_NONE,
      removeOnFail: KEEP_NONE,
      skipVersionCheck: true,
    })
    this.#worker.on('error', (error) => this.#hear(error))
  }

  /** Takes nothing more, and ends when what is in hand is done. */
  leave(): void {
    clearTimeout(this.#resting)
    this.#left ??= this.#worker.close()
  }

  /** What is not done within a second is left to others. */
  async end(): Promise<void> {
    this.leave()
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, END_MS)
    await Promise.race([this.#left, late])
    clearTimeout(timer)
    await this.#worker.getBackend().close(true)
    this.#connection.disconnect()
  }

  async #process(job: RunJob, token: string | undefined): Promise<void> {
    const mayTake = !this.#left && !this.#resting
    if (mayTake && (await this.#handler(offerOf(job))) === 'handled') return
    this.#rest()
    // What was on its way already, too.
    await job.moveToWait(token)
    throw new WaitingError()
  }

  /** Whoever waits longest for a job gets it: it has to be somebody else for a moment. */
  #rest(): void {
    if (this.#left || this.#resting) return
    void this.#worker.pause(true)
    this.#resting = setTimeout(() => {
      this.#resting = undefined
      void this.#worker.resume()
    }, REST_MS)
  }

  /** What Redis refuses. Else the connection broke, which others tell, or Redis has forgotten a job, whose run goes on. */
  #hear(error: Error): void {
    if (error instanceof ReplyError && !hasMoved(error)) this.#onError(error)
  }
}
