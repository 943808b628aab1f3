/** Watches the engine at its ports: what passes through them is told to an observer, and nothing is changed. */
import { LeaseLostError } from '../domain/errors.ts'
import type { Lease, RunRecord } from '../domain/run.ts'
import type { Agent, Agents, Clock, Journal, PreparedStep, RunStore } from '../engine/ports.ts'
import { refOf, type Observer, type RunRef } from './observation.ts'
import { watchFirst } from './watch-first.ts'

export type ObservedPorts = {
  readonly store: RunStore
  readonly journal: Journal
  readonly agents: Agents
  readonly clock: Clock
}

export const observePorts = <Ports extends ObservedPorts>(
  ports: Ports,
  observer: Observer,
): Ports => {
  const watch = new Watch(ports, observer)
  return { ...ports, store: watch.store(), journal: watch.journal(), agents: watch.agents() }
}

type Held = { readonly ref: RunRef; readonly epoch: number }

class Watch {
  readonly #ports: ObservedPorts
  readonly #observe: Observer
  /** Runs in the hands of this process. */
  readonly #held = new Map<string, Held>()
  /** Calls that have no result yet; `at` by the clock, where this process started them. */
  readonly #open = new Map<string, { readonly tool: string; readonly at?: number }>()

  constructor(ports: ObservedPorts, observer: Observer) {
    this.#ports = ports
    this.#observe = observer
  }

  store(): RunStore {
    const { store } = this.#ports
    return {
      ...store,
      begin: async (turn) => {
        const begun = await store.begin(turn)
        if (begun.kind === 'begun')
          this.#observe({ kind: 'begun', ref: refOf(begun.run), run: begun.run })
        return begun
      },
      claim: async (...args) => {
        const run = await store.claim(...args)
        if (run) this.#claimed(run)
        return run
      },
      renew: async (leases, ttlMs) => {
        const renewed = await store.renew(leases, ttlMs)
        const kept = new Set(renewed.map(({ runId, epoch }) => `${runId} ${epoch}`))
        for (const lease of leases)
          if (!kept.has(`${lease.runId} ${lease.epoch}`)) this.#end(lease, 'lost')
        return renewed
      },
      release: async (leases) => {
        await store.release(leases)
        for (const lease of leases) this.#end(lease, 'released')
      },
      requestStop: async (runId, workspaceId) => {
        const run = await store.requestStop(runId, workspaceId)
        if (run) this.#observe({ kind: 'stop-requested', ref: refOf(run) })
        return run
      },
      settle: async (lease, settlement, project) => {
        const run = await this.#fenced(lease, store.settle(lease, settlement, project))
        const held = this.#forget(lease)
        const ms = (run.finishedAt ?? run.updatedAt).getTime() - run.createdAt.getTime()
        this.#observe({ kind: 'settled', ref: refOf(run), run, ms, held })
        return run
      },
    }
  }

  journal(): Journal {
    const { journal, clock } = this.#ports
    return {
      ...journal,
      appendStep: async (lease, step) => {
        await this.#fenced(lease, journal.appendStep(lease, step))
        const { stepIndex, info } = step
        this.#observe({ kind: 'step', ref: this.#ref(lease), stepIndex, info })
      },
      startCall: async (lease, call) => {
        await this.#fenced(lease, journal.startCall(lease, call))
        const { toolName: tool } = call
        this.#open.set(keyOf(lease.runId, call), { tool, at: clock.now() })
      },
      endCall: async (lease, stepIndex, toolCallId, end) => {
        await this.#fenced(lease, journal.endCall(lease, stepIndex, toolCallId, end))
        const key = keyOf(lease.runId, { stepIndex, toolCallId })
        const { tool, at } = this.#open.get(key) ?? { tool: 'unknown' }
        this.#open.delete(key)
        this.#observe({
          kind: 'tool-call',
          ref: this.#ref(lease),
          tool,
          status: end.status,
          ...(at === undefined ? {} : { ms: clock.now() - at }),
        })
      },
      load: async (runId, workspaceId) => {
        const loaded = await journal.load(runId, workspaceId)
        if (this.#held.has(runId))
          for (const call of loaded.calls) if (call.status === 'started') this.#found(runId, call)
        return loaded
      },
    }
  }

  agents(): Agents {
    const { agents } = this.#ports
    return {
      ...agents,
      resolve: async (source) => {
        const agent = await agents.resolve(source)
        return agent && this.#agent(agent, refOf(source.run))
      },
    }
  }

  #agent(agent: Agent, ref: RunRef): Agent {
    return {
      ...agent,
      prepareStep: async (context) => this.#step(await agent.prepareStep(context), ref),
    }
  }

  #step(step: PreparedStep, ref: RunRef): PreparedStep {
    const { clock } = this.#ports
    const { provider, modelId } = step.request
    const model = { provider, modelId }
    return {
      ...step,
      call: (...args) => {
        const asked = clock.now()
        return watchFirst(step.call(...args), () =>
          this.#observe({ kind: 'first-chunk', ref, model, ms: clock.now() - asked }),
        )
      },
      describeFailure: (error) => {
        const failure = step.describeFailure(error)
        this.#observe({ kind: 'model-failure', ref, model, code: failure.code })
        return failure
      },
    }
  }

  #claimed(run: RunRecord): void {
    const ref = refOf(run)
    this.#held.set(run.id, { ref, epoch: run.leaseEpoch })
    const waitedMs = run.leaseEpoch === 1 && run.startedAt && +run.startedAt - +run.createdAt
    this.#observe({
      kind: 'claimed',
      ref,
      run,
      takenOver: run.attempt > 1,
      ...(typeof waitedMs === 'number' ? { waitedMs } : {}),
    })
  }

  /** A call in the journal. Readers load it, too: what was started here keeps its time. */
  #found(runId: string, call: CallId & { readonly toolName: string }): void {
    const key = keyOf(runId, call)
    if (!this.#open.has(key)) this.#open.set(key, { tool: call.toolName })
  }

  async #fenced<T>(lease: Lease, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (thrown) {
      if (thrown instanceof LeaseLostError) this.#end(lease, 'lost')
      throw thrown
    }
  }

  /** Told once, however many writes of the run are refused. */
  #end(lease: Lease, kind: 'released' | 'lost'): void {
    const ref = this.#ref(lease)
    if (this.#forget(lease)) this.#observe({ kind, ref })
  }

  #forget({ runId, epoch }: Lease): boolean {
    const ours = this.#held.get(runId)?.epoch === epoch
    if (ours) this.#held.delete(runId)
    for (const key of this.#open.keys()) if (key.startsWith(`${runId} `)) this.#open.delete(key)
    return ours
  }

  #ref({ runId, workspaceId, epoch }: Lease): RunRef {
    const held = this.#held.get(runId)
    return held?.epoch === epoch ? held.ref : { run: runId, workspace: workspaceId, epoch }
  }
}

type CallId = { readonly stepIndex: number; readonly toolCallId: string }

const keyOf = (runId: string, { stepIndex, toolCallId }: CallId): string =>
  `${runId} ${stepIndex} ${toolCallId}`
