/** What the steps of a run come to. The run itself knows it only when it is asked for anew. */
import type { RunDetails, RunHold, Step } from 'outlast/client'

const KINDS = ['inputTokens', 'cachedInputTokens', 'outputTokens', 'reasoningTokens'] as const

export type Totals = { readonly [Kind in (typeof KINDS)[number]]: number | undefined } & {
  readonly costMicros: number | undefined
  readonly calls: number
  readonly broken: number
  readonly workers: number
  readonly models: readonly string[]
}

export const totalsOf = (
  { models }: Pick<RunDetails, 'models'>,
  holds: readonly RunHold[],
  steps: readonly Step[],
): Totals => {
  const [inputTokens, cachedInputTokens, outputTokens, reasoningTokens] = KINDS.map((kind) =>
    sum(steps.map(({ usage }) => usage?.[kind])),
  )
  const answered = steps.flatMap(({ provider, modelId }) =>
    provider && modelId ? [`${provider}/${modelId}`] : [],
  )
  return {
    inputTokens,
    cachedInputTokens,
    outputTokens,
    reasoningTokens,
    costMicros: sum(steps.map(({ costMicros }) => costMicros ?? undefined)),
    calls: steps.reduce((count, { calls }) => count + calls.length, 0),
    broken: steps.reduce((count, { brokenAttempts }) => count + (brokenAttempts?.length ?? 0), 0),
    workers: new Set(holds.map(({ worker }) => worker)).size,
    models: [...new Set([...models, ...answered])],
  }
}

/** Undefined where nobody has counted. */
const sum = (numbers: readonly (number | undefined)[]): number | undefined => {
  const known = numbers.filter((number) => number !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, number) => total + number, 0)
}
