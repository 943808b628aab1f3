/** Puts the pieces together: a database, the agents, and an engine that executes their runs in this process. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { FlexibleSchema } from '@ai-sdk/provider-utils'
import { createAgents, type AgentFunction } from './agent/agents.ts'
import type { AgentDefinition } from './agent/define-agent.ts'
import { Chats } from './engine/records/chats.ts'
import { Engine } from './engine/engine.ts'
import { checkConcurrency, resolveLimits, type Limits } from './domain/limits.ts'
import type { Agents, EngineEvents } from './engine/ports.ts'
import { Overviews } from './engine/records/overview.ts'
import { Runs } from './engine/records/runs.ts'
import type { WorkerPorts } from './engine/workers/worker.ts'
import { watchLonelyRuns } from './lonely-runs.ts'
import { localQueue, openQueue, type OpenedQueue, type RedisState } from './open-queue.ts'
import { openRedis, type RedisOptions } from './open-redis.ts'
import { openShared, type OpenShared } from './open-shared.ts'
import { openPreparedStore } from './open-store.ts'
import { systemClock } from './queue/system-clock.ts'
import { createAdmissions } from './store/admissions.ts'
import { createChatCatalog } from './store/chat-catalog.ts'
import { createChatStates } from './store/chat-states.ts'
import { createConversations } from './store/conversations.ts'
import type { OpenDatabaseOptions, OutlastDatabase, Store } from './store/database.ts'
import { createFiles } from './store/files.ts'
import { createJournal } from './store/journal.ts'
import { checkMigrated, migrate } from './store/migrate.ts'
import { createPrincipals } from './store/principals.ts'
import { databaseAnswers } from './store/readiness.ts'
import { createRunCatalog } from './store/run-catalog.ts'
import { createRunOverview } from './store/run-overview.ts'
import { createRunStore } from './store/run-store.ts'
import { createTickets, type Tickets } from './store/tickets.ts'
import { createTokens, type Tokens } from './store/tokens.ts'
import { createWorkers } from './store/workers.ts'
import { admissionMetrics } from './telemetry/admission-metrics.ts'
import { instrument, type TelemetryOptions } from './telemetry/instrument.ts'
import { version } from './version.ts'

export type OutlastOptions = {
  /** Opened, migrated and closed by Outlast. Without `url` and `dataDir`: in memory. */
  readonly database?: OpenDatabaseOptions
  /** Between the processes on one PostgreSQL, `database.url`; without it they have that alone. */
  readonly redis?: RedisOptions | undefined
  /** Requests choose among them by name; without a choice a run gets the first one. */
  readonly agents?: readonly AgentDefinition[]
  /**
   * Gives each run its agent, by who asked, in which chat and with which options. It is asked again in the process that goes on
   * with a run, so what it returns may depend on its argument only.
   */
  readonly agent?: AgentFunction
  /** Of the `options` that requests may send, for agents without a schema of their own. */
  readonly callOptionsSchema?: FlexibleSchema<unknown>
  /** Runs that this process executes at a time; at 0 only those that end with their request. No limit unless set. */
  readonly concurrency?: number
  /** A run whose holder was silent for so long may be taken over; 10 s unless set. */
  readonly leaseTtlMs?: number
  /** What running phases get to end when Outlast closes; 25 s unless set. */
  readonly graceMs?: number
  /** Where runs are logged, counted and traced. */
  readonly telemetry?: TelemetryOptions
  /** docs/limits.md has them all; those that are left out have their defaults. */
  readonly limits?: Partial<Limits>
  /** Hears of trouble in the background, which goes on all the same. */
  readonly onError: EngineEvents['error']
}

export type Outlast = AsyncDisposable & {
  readonly engine: Engine
  readonly chats: Chats
  readonly runs: Runs
  readonly overview: Overviews
  readonly db: OutlastDatabase
  /** Makes workspace and user on first sight. */
  readonly principals: ReturnType<typeof createPrincipals>
  /** Bearer tokens of users, for `tokenIdentity`. */
  readonly tokens: Tokens
  /** For one request each, where no header can be sent. */
  readonly tickets: Tickets
  /** The `onError` that it was made with; outages of the database are told once, and not by each call that fails. */
  readonly report: EngineEvents['error']
  /** Whether a load balancer should send requests here. */
  readonly readiness: () => Promise<Readiness>
  /** How Redis was some seconds ago, where there is one. Requests are answered without it too. */
  readonly redis: (() => RedisState) | undefined
  close(graceMs?: number): Promise<void>
}

/** Each check by its name; a check that fails says so. */
export type Readiness = { readonly database: boolean; readonly accepting: boolean }

const LEASE_TTL_MS = 10_000
const LONG_MS = 3_600_000

/**
 * Opens the database and starts to execute runs. Unless its `concurrency` is 0, the process then stays until it is closed.
 *
 * @example await using outlast = await createOutlast({ agents: [agent], onError: (error) => console.error(error) })
 */
export const createOutlast = (options: OutlastOptions): Promise<Outlast> =>
  assembleOutlast(options, (ports) => ports)

/** As `createOutlast`, with ports that `decorate` may put something in front of. */
export const assembleOutlast = async (
  options: OutlastOptions,
  decorate: (ports: WorkerPorts) => WorkerPorts,
): Promise<Outlast> => {
  checkConcurrency(options.concurrency)
  const agents = createAgents(options)
  const names = (options.agents ?? []).map(({ name }) => name)
  await using opened = new AsyncDisposableStack()
  const { leaseTtlMs = LEASE_TTL_MS, telemetry } = options
  const log = telemetry?.log
  const store = opened.use(
    await openPreparedStore({ ...options, log }, ({ db, schema }) => migrate(db, { schema })),
  )
  const { onError } = store
  const redis = options.redis && (await openRedis(options.redis, { log, onError }))
  const queue = opened.use(await openQueue({ redis, leaseTtlMs, telemetry, onError }))
  const shared = opened.use(await openShared({ store, redis, log, onError: store.onTrouble }))
  const opens = { store, queue, shared, onError }
  const outlast = putTogether({ ...options, ...opens, leaseTtlMs, agents, names, decorate })
  opened.move()
  outlast.engine.start()
  return options.concurrency === 0 ? outlast : staying(outlast)
}

/**
 * Keeps the process until it is closed, as an open server does: while the database is away there is no connection, nor anything
 * else of ours, that would.
 */
const staying = (outlast: Outlast): Outlast => {
  const presence = setInterval(() => undefined, LONG_MS)
  const close: Outlast['close'] = (graceMs) =>
    outlast.close(graceMs).finally(() => clearInterval(presence))
  return { ...outlast, close, [Symbol.asyncDispose]: () => close() }
}

/**
 * To look at what is there, to stop and to remove: executes no run, and leaves a PostgreSQL database at its version.
 * @throws ConfigError when that is another one
 */
export const openIdleOutlast = async (
  options: Pick<OutlastOptions, 'database' | 'onError'>,
): Promise<Outlast> => {
  const agents = createAgents({ agent: () => undefined })
  const store = await openPreparedStore({ ...options, log: undefined }, ({ db, embedded }) =>
    embedded ? migrate(db) : checkMigrated(db),
  )
  const { onError, onTrouble } = store
  const shared = await openShared({ store, redis: undefined, log: undefined, onError: onTrouble })
  return putTogether({
    onError,
    ...{ store, shared, agents, queue: localQueue(), names: [], decorate: (ports) => ports },
  })
}

type Pieces = Omit<OutlastOptions, 'agents' | 'agent' | 'database'> & {
  /** Of the agents that have one. */
  readonly names: readonly string[]
  readonly store: Store
  readonly queue: OpenedQueue
  readonly shared: OpenShared
  readonly agents: Agents
  readonly decorate: (ports: WorkerPorts) => WorkerPorts
}

const putTogether = (pieces: Pieces): Outlast => {
  const { store, queue, shared, agents, names, decorate, onError, ...options } = pieces
  const limits = resolveLimits(options.limits)
  const { db } = store
  const workers = createWorkers(db)
  const { bus, log } = shared
  const decorated = decorate({
    store: createRunStore(db),
    journal: createJournal(db),
    conversations: createConversations(db),
    files: createFiles(db),
    queue: queue.queue,
    admissions: createAdmissions(db, store.schema),
    workers,
    bus,
    log,
    agents,
    clock: systemClock,
  })
  const ports = instrument(decorated, options.telemetry)
  if (options.telemetry?.metrics)
    admissionMetrics(options.telemetry.metrics, {
      state: ports.admissions.state,
      capacity: workers.capacity,
    })
  const engine = new Engine(
    { ...ports, states: createChatStates(db), workers },
    {
      holder: `${hostname()}:${process.pid}:${randomUUID().slice(-12)}`,
      version,
      limits,
      onError,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      ...(options.leaseTtlMs === undefined ? {} : { leaseTtlMs: options.leaseTtlMs }),
      ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
    },
  )
  const noLongerWatch =
    options.concurrency === 0
      ? watchLonelyRuns({ ...ports, log: options.telemetry?.log, onError })
      : undefined
  let accepting = true
  const close = async (graceMs?: number) => {
    accepting = false
    noLongerWatch?.()
    await engine.close(graceMs)
    await queue[Symbol.asyncDispose]()
    await shared[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
  }
  return {
    engine,
    chats: new Chats({ ...ports, catalog: createChatCatalog(db), engine }),
    overview: new Overviews({ catalog: createRunOverview(db), workers, agents: names }),
    runs: new Runs({ ...ports, catalog: createRunCatalog(db), engine }),
    db,
    principals: createPrincipals(db),
    tokens: createTokens(db),
    tickets: createTickets(db),
    report: onError,
    readiness: async () => ({ database: await databaseAnswers(db), accepting }),
    redis: queue.redis && (() => (shared.redisAnswers() === false ? 'away' : queue.redis!())),
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}
