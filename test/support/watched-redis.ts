/** A Redis that is watched, and what is heard of it. */
import { readRedisAddress } from '../../src/queue/redis/connection.ts'
import { RedisWatch } from '../../src/queue/redis/watch.ts'

export const watchedRedis = (redis: { readonly url: string }) => {
  const heard: string[] = []
  const watch = new RedisWatch(readRedisAddress(redis), {
    away: ({ message }) => heard.push(message),
    back: () => heard.push('back'),
    unsafe: ({ message }) => heard.push(message),
  })
  return { heard, watch, [Symbol.dispose]: () => watch[Symbol.dispose]() }
}
