/** What an overview of runs is asked with, and what it answers. */
import { z } from 'zod'
import type { TimeRange } from '../domain/overview.ts'
import { InvalidRequestError } from '../domain/errors.ts'
import { time } from './catalog-schemas.ts'
import { parse } from './parse.ts'

const DAY_MS = 86_400_000
const MAX_DAYS = 366

export const overviewQuery = z.object({
  from: time.optional().meta({ description: 'A day before `to` unless set.' }),
  to: time.optional().meta({ description: 'Now unless set.' }),
})

/** @throws InvalidRequestError */
export const parseOverviewQuery = (
  query: Readonly<Record<string, string>>,
  now: Date,
): TimeRange => {
  const { to = now, from = new Date(to.getTime() - DAY_MS) } = parse(
    overviewQuery,
    query,
    [],
    'query',
  )
  const ms = to.getTime() - from.getTime()
  if (ms <= 0) throw new InvalidRequestError('In the query, from: it is a time before `to`.')
  if (ms > MAX_DAYS * DAY_MS)
    throw new InvalidRequestError(`In the query, from: at most ${MAX_DAYS} days before \`to\`.`)
  return { from, to }
}

const at = z.iso.datetime()

const durations = z
  .object({ p50: z.number(), p90: z.number(), p99: z.number() })
  .meta({ id: 'Durations', description: 'Percentiles, in milliseconds from start to end.' })

const counts = { succeeded: z.int(), failed: z.int(), aborted: z.int(), active: z.int() }

const spent = {
  inputTokens: z.int(),
  outputTokens: z.int(),
  costMicros: z.int().nullable().meta({
    description: "Millionths of the currency of the agents' prices; null without prices or usage.",
  }),
}

const durationMs = durations.nullable().meta({ description: 'Null while none has settled.' })

const lease = z.object({
  runId: z.string(),
  chatId: z.string(),
  epoch: z.int(),
  expiresAt: at.nullable(),
})

export const overviewAnswer = z.object({
  from: at,
  to: at,
  bucketMs: z.int(),
  buckets: z
    .array(z.object({ at, ...counts, ...spent, durationMs }))
    .meta({ description: 'By the time at which runs began; at most 60, without a gap.' }),
  totals: z.object({ runs: z.int(), ...counts, ...spent, durationMs }),
  byModel: z.array(
    z.object({ provider: z.string(), modelId: z.string(), steps: z.int(), ...spent }),
  ),
  byAgent: z.array(
    z.object({
      agent: z.string().nullable(),
      runs: z.int(),
      succeeded: z.int(),
      failed: z.int(),
      ...spent,
      durationMs,
    }),
  ),
  byError: z
    .array(z.object({ errorCode: z.string(), runs: z.int() }))
    .meta({ description: 'Of runs that failed.' }),
  agents: z.array(z.string()).meta({ description: 'Those of this server and of these runs.' }),
  workers: z
    .array(
      z.object({
        id: z.string(),
        startedAt: at,
        seenAt: at,
        isAlive: z.boolean(),
        version: z.string(),
        concurrency: z.int().nullable().meta({ description: 'Runs at a time; null: no limit.' }),
        leases: z.array(lease).meta({ description: "On the caller's runs only." }),
      }),
    )
    .meta({ description: 'Processes that execute runs, and those that went silent lately.' }),
})
