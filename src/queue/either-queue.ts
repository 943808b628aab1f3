/** The queue of a whole fleet, and while that one is away this process's own: workers then take what they have room for. */
import type { RunQueue } from '../engine/ports.ts'

export type EitherOptions = {
  readonly far: RunQueue
  readonly near: RunQueue
  readonly isAway: () => boolean
}

export const createEitherQueue = ({ far, near, isAway }: EitherOptions): RunQueue => {
  const current = () => (isAway() ? near : far)
  return {
    get reach() {
      return current().reach
    },
    offer: (offer) => current().offer(offer),
    work(handler, concurrency) {
      const working = [far, near].map((queue) => queue.work(handler, concurrency))
      return {
        async [Symbol.asyncDispose]() {
          await Promise.all(working.map((one) => one[Symbol.asyncDispose]()))
        },
      }
    },
  }
}
