/** What a model may be told of a run, as the agent gets it. */
import type { ModelMessage } from 'ai'
import type { StepView } from '../tail/view.ts'

/** A model as its provider names it. */
export type ModelName = { readonly provider: string; readonly modelId: string }

/**
 * What a model is told of a run: its own words with what its provider attached to them. For `any` model all is told
 * plainly, in words that every provider takes.
 */
export type RunMessages = {
  /** The chat up to the run's user message. */
  readonly history: (model: ModelName | 'any') => ModelMessage[]
  /** What steps of the run said, and what became of their calls. */
  readonly said: (steps: readonly StepView[], model: ModelName | 'any') => ModelMessage[]
}
