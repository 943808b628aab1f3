/** The run store as everybody in this process uses it: what has changed in it is said on the bus, whoever has changed it. */
import type { RunRecord } from '../../domain/run.ts'
import type { RunBus, RunStore } from '../ports.ts'

export const announcing = (store: RunStore, bus: RunBus): RunStore => {
  /** Nobody but the owner of a chat begins its runs. */
  const announced = <Run extends RunRecord | undefined>(run: Run): Run => {
    if (run) bus.publishChat({ ...ownerOf(run), id: run.chatId })
    return run
  }
  return {
    ...store,
    begin: async (turn) => {
      const begun = await store.begin(turn)
      if (begun.kind === 'begun') announced(begun.run)
      return begun
    },
    requestStop: async (...args) => announced(await store.requestStop(...args)),
    settle: async (...args) => announced(await store.settle(...args)),
    wait: async (...args) => announced(await store.wait(...args)),
    decide: async (...args) => announced(await store.decide(...args)),
  }
}

const ownerOf = ({ workspaceId, createdBy: userId }: RunRecord) => ({ workspaceId, userId })
