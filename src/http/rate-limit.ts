/** How often something may happen. In the memory of this process: several of them allow each their own share. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { RateLimitedError } from '../domain/errors.ts'

/** Counts one more for `key`. @throws RateLimitedError when that is one too many */
export type RateLimit = (key: string) => Promise<void>

/** @param perMinute - for each key; 0: as often as they like */
export const rateLimit = (perMinute: number, sentence: string): RateLimit => {
  if (perMinute === 0) return async () => undefined
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 })
  return async (key) => {
    try {
      await limiter.consume(key)
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000))
      throw new RateLimitedError(sentence, seconds, { cause: refusal })
    }
  }
}
