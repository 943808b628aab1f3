/** What runs say in the tests of chunk logs between processes. */
import type { LogEntry, RunBus, Snapshot } from '../../src/engine/ports.ts'
import { describe } from 'vitest'
import { describeChunkLog } from '../conformance/chunk-log.ts'
import { describeRunBus } from '../conformance/run-bus.ts'
import type { Member } from './sharing.ts'

export const START = { epoch: 0, n: 0 }

export const said = (from: number, to: number, { epoch = 1, text = 'word' } = {}): LogEntry[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    kind: 'chunk',
    epoch,
    n: from + index,
    step: 0,
    chunk: { type: 'text-delta', id: '0', delta: `${from + index} ${text} ` },
  }))

export const snapshot = (n: number, epoch = 1): Snapshot => ({
  epoch,
  n,
  step: { stepIndex: 0, epoch, span: { from: 1, to: n }, parts: [], spans: [] },
  calls: [],
})

/** What bus and log promise within the process that speaks. */
export const describeSpeaking = (name: string, here: () => Member): void => {
  describe('in the process that speaks', () => {
    // The suites use each name of a run again, in a log that is empty.
    let place = 0
    describeChunkLog(name, () => {
      const at = (runId: string) => `${runId} ${place}`
      place += 1
      return {
        append: (runId, entries) => here().log.append(at(runId), entries),
        compact: (runId, one) => here().log.compact(at(runId), one),
        read: (runId, after) => here().log.read(at(runId), after),
        drop: (runId, epoch) => here().log.drop(at(runId), epoch),
        [Symbol.dispose]: () => undefined,
      }
    })
    describeRunBus(name, (): RunBus => here().bus)
  })
}
