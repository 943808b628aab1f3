/** A process that dies when the test says so: from then on nothing it does reaches the database, or none of what is named. */
import type { AgentDefinition } from '../../src/agent/define-agent.ts'
import type { WorkerPorts } from '../../src/engine/workers/worker.ts'
import type { OutlastOptions } from '../../src/outlast.ts'
import { testOutlast, withFastClock, type TestOutlast } from './engine.ts'

type Method = keyof WorkerPorts['store'] | keyof WorkerPorts['journal']

export type MortalOutlast = TestOutlast & {
  /** Calls of these methods never return any more; without a list, calls of all of them. */
  kill(methods?: readonly Method[]): void
}

const never = new Promise<never>(() => undefined)

export const mortalOutlast = async (
  agents: readonly AgentDefinition[],
  options: Partial<OutlastOptions>,
): Promise<MortalOutlast> => {
  let dead: readonly string[] | 'all' = []
  const guard = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, key) {
        const method: unknown = Reflect.get(target, key)
        if (typeof method !== 'function') return method
        return (...args: unknown[]): unknown =>
          dead === 'all' || dead.includes(String(key)) ? never : Reflect.apply(method, target, args)
      },
    })
  const outlast = await testOutlast(agents, options, (ports) => {
    const fast = withFastClock(ports)
    return { ...fast, store: guard(fast.store), journal: guard(fast.journal) }
  })
  return {
    ...outlast,
    kill: (methods) => void (dead = methods ?? 'all'),
    // What never returns cannot be waited for.
    [Symbol.asyncDispose]: async () => void outlast.close(0).catch(() => undefined),
  }
}
