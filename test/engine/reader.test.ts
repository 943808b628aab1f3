/** A reader in a process that does not execute the run: it knows the journal, and a log that may know something else. */
import { expect, it } from 'vitest'
import type { StepRecord, ToolCallPart, ToolCallRecord } from '../../src/domain/step.ts'
import { RunReader } from '../../src/engine/tail/reader.ts'
import type { Frame } from '../../src/engine/tail/replay.ts'
import { viewOf, withSnapshot, type RunView } from '../../src/engine/tail/view.ts'

const IDS = ['first', 'second']

const callPart = (toolCallId: string): ToolCallPart => ({
  type: 'tool-call',
  toolCallId,
  toolName: 'act',
  input: {},
})

const step: StepRecord = {
  stepIndex: 0,
  epoch: 1,
  span: { from: 1, to: 3 },
  parts: IDS.map(callPart),
  spans: [2, 3].map((n) => ({ from: n, to: n })),
  info: { finishReason: 'tool-calls' },
}

const started = (toolCallId: string): ToolCallRecord => ({
  stepIndex: 0,
  toolCallId,
  toolName: 'act',
  input: {},
  status: 'started',
  data: [],
  epoch: 1,
  span: { from: 4 },
  attempt: 1,
})

const ended = (toolCallId: string, n: number): ToolCallRecord => ({
  ...started(toolCallId),
  status: 'succeeded',
  output: toolCallId,
  span: { from: 4, to: n },
})

const view = (
  status: RunView['run']['status'],
  calls: readonly ToolCallRecord[],
  leaseEpoch = 1,
): RunView => viewOf({ id: 'run', status, error: null, leaseEpoch }, [step], calls)

const said = (frames: readonly Frame[] | 'hole') =>
  frames === 'hole'
    ? frames
    : frames.map(({ chunk }) =>
        'toolCallId' in chunk ? `${chunk.type} ${chunk.toolCallId}` : chunk.type,
      )

it('takes the last words of a process that only settled the run for a hole', () => {
  const reader = new RunReader()
  reader.catchUp(view('running', IDS.map(started)))
  const finish = {
    kind: 'settled' as const,
    epoch: 2,
    n: 1,
    step: 0,
    chunk: { type: 'finish-step' as const },
    last: false,
  }
  expect(reader.follow(finish)).toBe('hole')
  const settled = view('succeeded', [ended('first', 4), ended('second', 5)], 2)
  expect(said(reader.catchUp(settled))).toEqual([
    'tool-output-available first',
    'tool-output-available second',
    'finish-step',
    'finish',
  ])
})

it('knows a step that is journaled whole, although the log has it as it was when its run went on', () => {
  const calls = [ended('first', 4), { ...ended('second', 2), epoch: 2 }]
  const waited = [ended('first', 4), { ...started('second'), status: 'approved' as const }]
  const snapshot = { epoch: 2, n: 1, step, calls: waited }
  // It has words of the next step, which begins after the second unit.
  const reader = new RunReader({ epoch: 2, n: 6, lens: [35] })
  expect(reader.catchUp(withSnapshot(view('running', calls, 2), snapshot))).toEqual([])
  const begin = { kind: 'begin' as const, epoch: 3, n: 1, step: 1 }
  expect(said(reader.follow(begin))).toEqual(['reset-step'])
})
