/** What can be seen of runs from outside the engine: at its ports, as it happens. Never content, keys or tokens. */
import type { RunErrorCode, RunRecord } from '../domain/run.ts'
import type { StepInfo, ToolCallStatus } from '../domain/step.ts'

/** Names a run in logs; `workspace` and `chat` are internal ids. */
export type RunRef = {
  readonly run: string
  readonly workspace: string
  readonly chat?: string
  readonly agent?: string
  readonly epoch?: number
}

export type Observation = { readonly ref: RunRef } & (
  | { readonly kind: 'begun'; readonly run: RunRecord }
  /** `takenOver`: from a process that did not give it back. `waitedMs`: since it had begun, for its first claim. */
  | {
      readonly kind: 'claimed'
      readonly run: RunRecord
      readonly takenOver: boolean
      readonly waitedMs?: number
    }
  | { readonly kind: 'stop-requested' }
  | { readonly kind: 'step'; readonly stepIndex: number; readonly info: StepInfo | undefined }
  | { readonly kind: 'first-chunk'; readonly model: ModelRef; readonly ms: number }
  /** An attempt at a model call that broke. */
  | { readonly kind: 'model-failure'; readonly model: ModelRef; readonly code: RunErrorCode }
  | {
      readonly kind: 'tool-call'
      readonly tool: string
      readonly status: ToolCallStatus
      /** Undefined when another process had started it. */
      readonly ms?: number
    }
  /** `held`: this process had claimed it; else it was settled in passing. */
  | {
      readonly kind: 'settled'
      readonly run: RunRecord
      readonly ms: number
      readonly held: boolean
    }
  | { readonly kind: 'released' }
  | { readonly kind: 'lost' }
)

export type ModelRef = { readonly provider: string; readonly modelId: string }

/** Takes no time and throws nothing. */
export type Observer = (observation: Observation) => void

export const refOf = (run: RunRecord): RunRef => ({
  run: run.id,
  workspace: run.workspaceId,
  chat: run.chatId,
  ...(run.agent === null ? {} : { agent: run.agent }),
  ...(run.leaseEpoch === 0 ? {} : { epoch: run.leaseEpoch }),
})
