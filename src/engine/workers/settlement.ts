/** How runs are settled that no loop brought to its end: given up, failed, or left behind by a process that died. */
import type { RunRecord } from '../../domain/run.ts'
import type { StepRecord } from '../../domain/step.ts'
import type { LogEntry, RunJournal, Settlement } from '../ports.ts'
import { closingFrames } from '../tail/replay.ts'
import { isResolved, viewOf, type RunView, type StepView } from '../tail/view.ts'

/** Claims without a journaled step in between, after which a run is given up. */
export const MAX_ATTEMPTS = 3

export const missingAgent = (run: RunRecord): string =>
  `There is no agent named ${run.agent ?? '(none)'} in this server any more.`

export const exhausted = (run: RunRecord, journal: RunJournal): Settlement => ({
  ...atRest(run, journal),
  outcome: {
    status: 'failed',
    code: 'recovery_exhausted',
    error: `The run was started ${MAX_ATTEMPTS} times without progress and was given up.`,
  },
})

export const failedByUs = (
  run: RunRecord,
  journal: RunJournal,
  { code, error }: { code: 'agent_error' | 'internal_error'; error: string },
  sent: number,
): Settlement => ({
  ...atRest(run, journal, sent),
  outcome: { status: 'failed', code, error },
})

/** What becomes of a run that is settled without being executed again. */
export const leftBehind = (run: RunRecord, journal: RunJournal): Settlement => {
  const rest = atRest(run, journal)
  const last = journal.steps.at(-1)
  const answered = last?.info?.finishReason === 'stop' && !rest.step && !hasOpenCalls(run, journal)
  return { ...rest, outcome: { status: answered ? 'succeeded' : 'aborted' } }
}

const hasOpenCalls = (run: RunRecord, { steps, calls }: RunJournal): boolean =>
  viewOf(run, steps, calls).steps.some((step) => !isResolved(step))

const atRest = (run: RunRecord, journal: RunJournal, sent = 0): Omit<Settlement, 'outcome'> => {
  const step = begunStep(run, viewOf(run, journal.steps, journal.calls).steps, sent)
  return { calls: [], ...(step ? { step } : {}) }
}

/**
 * Readers of the process that died may have seen a step begin that the journal does not know. It is kept as an empty,
 * interrupted one, so that their message and everybody else's are the same.
 *
 * @param sent - the last unit of the run's present holder
 */
export const begunStep = (
  run: RunRecord,
  steps: readonly StepView[],
  sent: number,
): StepRecord | undefined => {
  const last = steps.at(-1)
  const begun = run.leaseEpoch > 1 || sent > 0
  const goesOn = !last || (isResolved(last) && wantsMore(last.step))
  return begun && goesOn ? emptyStep(run, steps.length, sent + 1) : undefined
}

const wantsMore = (step: StepRecord): boolean =>
  step.parts.some((part) => part.type === 'tool-call' && !part.providerExecuted)

const emptyStep = (run: RunRecord, stepIndex: number, n: number): StepRecord => ({
  stepIndex,
  epoch: run.leaseEpoch,
  span: { from: n, to: n },
  parts: [],
  spans: [],
  info: { finishReason: 'interrupted' },
})

/** The log's last entries of a settled run, as far as `sent` units have not said them. */
export const closingEntries = (view: RunView, sent: number): LogEntry[] => {
  const epoch = view.run.leaseEpoch
  const step = view.steps.length - 1
  const frames = closingFrames(view, { epoch, n: sent, lens: [] })
  return frames.map(({ position: { n }, chunk }, index) => ({
    kind: 'settled',
    epoch,
    n,
    step,
    chunk,
    last: index === frames.length - 1,
  }))
}
