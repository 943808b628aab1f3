/** Redis between the processes on one PostgreSQL, as the environment says where it is. */
import type { z } from 'zod'
import { text } from './config-identity.ts'

/** Checked when it is opened. */
export type RedisConfig = { readonly url: string; readonly prefix: string | undefined }

export const redisSettings = { REDIS_URL: text, OUTLAST_REDIS_PREFIX: text }

type Settings = { readonly [Name in keyof typeof redisSettings]?: z.output<typeof text> }

export const redisOf = ({
  REDIS_URL: url,
  OUTLAST_REDIS_PREFIX: prefix,
}: Settings): RedisConfig | undefined => (url === undefined ? undefined : { url, prefix })

export const redisMistakes = ({
  REDIS_URL,
  DATABASE_URL,
}: Settings & { readonly DATABASE_URL?: string | undefined }): readonly string[] =>
  REDIS_URL === undefined || DATABASE_URL !== undefined
    ? []
    : [
        'REDIS_URL needs DATABASE_URL: what several processes share is kept in PostgreSQL. Set DATABASE_URL too, or leave REDIS_URL out.',
      ]
