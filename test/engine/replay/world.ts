/** One run: its journal, ledger and log, as the engine would keep them. */
import { expect } from 'vitest'
import type { RunStatus } from '../../../src/domain/run.ts'
import { abandoned, type StepRecord, type ToolCallRecord } from '../../../src/domain/step.ts'
import { RunWriter } from '../../../src/engine/run/run-writer.ts'
import { viewOf } from '../../../src/engine/tail/view.ts'
import { createLocalBus, createLocalChunkLog } from '../../../src/queue/local.ts'
import { systemClock } from '../../../src/queue/system-clock.ts'

export class World {
  readonly log = createLocalChunkLog()
  readonly bus = createLocalBus()
  steps: StepRecord[] = []
  calls: ToolCallRecord[] = []
  status: RunStatus = 'running'
  epoch = 0
  writer!: RunWriter

  takeOver(): void {
    this.writer?.close()
    this.epoch += 1
    this.status = 'running'
    this.writer = new RunWriter({
      lease: { runId: 'run', workspaceId: 'w', epoch: this.epoch },
      log: this.log,
      bus: this.bus,
      clock: systemClock,
      onLeaseLost: () => expect.unreachable('the newest epoch never loses its lease'),
      onError: (error) => {
        throw error
      },
    })
  }

  put(call: ToolCallRecord): void {
    const index = this.calls.findIndex(({ toolCallId }) => toolCallId === call.toolCallId)
    this.calls = index < 0 ? [...this.calls, call] : this.calls.with(index, call)
  }

  async wait(): Promise<void> {
    this.status = 'waiting'
    await this.writer.flush()
    this.writer.close()
  }

  /** Whoever settles a run that waits has an epoch of its own and says nothing in the log. */
  settleWaiting(): void {
    this.status = 'aborted'
    this.epoch += 1
    for (const call of this.calls) this.put({ ...call, ...abandoned(call) })
  }

  get view() {
    const error = this.status === 'failed' ? 'It broke.' : null
    const run = { id: 'run', status: this.status, error, leaseEpoch: this.epoch }
    return viewOf(run, this.steps, this.calls.map(asStored))
  }
}

/** What a tool has said before its end is in the log only. */
const asStored = (call: ToolCallRecord): ToolCallRecord => {
  const { preliminary: _, ...stored } = call
  return call.status === 'started' ? { ...stored, data: [] } : stored
}
