/** Chats in one Outlast whose turns are answered by any of the strict providers, as each turn says. */
import { randomUUID } from 'node:crypto'
import type { OutlastToolSet } from '../../../src/agent/define-agent.ts'
import type { RunRecord } from '../../../src/domain/run.ts'
import type { WorkerPorts } from '../../../src/engine/workers/worker.ts'
import type { OutlastOptions } from '../../../src/outlast.ts'
import { type Barrier, createBarrier } from '../../support/barrier.ts'
import { testOutlast, type TestOutlast, withFastClock } from '../../support/engine.ts'
import {
  idOf,
  type ProviderName,
  startProviders,
  type StrictProviders,
} from '../../support/providers/all.ts'
import type { Json, ProviderRequest } from '../../support/providers/server.ts'
import type { Answer } from '../../support/providers/words.ts'

export type Chat = {
  /** Asks the provider's agent; its answers, one for each step, come when `begin` is called. */
  ask(provider: ProviderName, answers: readonly Answer[], model?: 'other'): Promise<Turn>
  /** What the provider was asked in this chat, in order. */
  requests(provider: ProviderName): Json[]
  /** Why providers refused what they were asked in this chat. */
  refusals(): string[]
}

export type Turn = {
  readonly run: RunRecord
  /** The provider begins to answer. */
  begin(): void
  stop(): Promise<boolean>
  settled(): Promise<RunRecord>
  /** From now on the run waits after a step is journaled, before its tools. */
  holdAfterStep(): Barrier
}

export type Chats = AsyncDisposable & {
  readonly outlast: TestOutlast
  readonly providers: StrictProviders
  chat(): Chat
}

export const startChats = async (
  tools: OutlastToolSet,
  options: Partial<OutlastOptions> = {},
): Promise<Chats> => {
  const providers = await startProviders(tools)
  const scripts = new Map<string, { answers: Answer[]; begun: Barrier }>()
  const answer = async ({ body }: ProviderRequest): Promise<Answer> => {
    const script = scripts.get(markOf(body))!
    await script.begun.promise
    const next = script.answers.shift()
    if (!next) throw new Error(`The script of ${markOf(body)} has no further answer.`)
    return next
  }
  for (const server of Object.values(providers.servers)) server.script(answer)
  const holds = new Map<string, Barrier>()
  const outlast = await testOutlast(providers.agents, options, (ports) => decorated(ports, holds))

  const chat = (): Chat => {
    const mark = `chat-${randomUUID()}`
    const servers = Object.entries(providers.servers)
    const isOwn = ({ body }: { body: Json }) => markOf(body) === mark
    return {
      async ask(provider, answers, model) {
        const begun = createBarrier()
        scripts.set(mark, { answers: [...answers], begun })
        const { run } = await outlast.engine.startTurn({
          principal: outlast.principal,
          chatId: mark,
          agent: model ? `${idOf(provider)}-other` : idOf(provider),
          message: { parts: [{ type: 'text', text: `A question in ${mark}.` }] },
        })
        return {
          run,
          begin: begun.release,
          stop: () => outlast.engine.stop(outlast.principal, { runId: run.id }),
          settled: () => outlast.settled(run),
          holdAfterStep() {
            const hold = createBarrier()
            holds.set(run.id, hold)
            return hold
          },
        }
      },
      requests: (provider) => providers.servers[provider].requests.filter(isOwn).map(bodyOf),
      refusals: () =>
        servers.flatMap(([name, { refused }]) =>
          refused.filter(isOwn).map(({ problem }) => `${name}: ${problem}`),
        ),
    }
  }
  return {
    outlast,
    providers,
    chat,
    async [Symbol.asyncDispose]() {
      await outlast[Symbol.asyncDispose]()
      await providers[Symbol.asyncDispose]()
    },
  }
}

const bodyOf = ({ body }: ProviderRequest): Json => body

/** The chat that a request is about: its questions name it. */
const markOf = (body: Json): string => /chat-[0-9a-f-]{36}/.exec(JSON.stringify(body))?.[0] ?? ''

const decorated = (ports: WorkerPorts, holds: ReadonlyMap<string, Barrier>): WorkerPorts => {
  const fast = withFastClock(ports)
  return {
    ...fast,
    journal: {
      ...fast.journal,
      async appendStep(lease, step) {
        await fast.journal.appendStep(lease, step)
        await holds.get(lease.runId)?.wait()
      },
    },
  }
}
