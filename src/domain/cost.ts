/** What a model call costs: whole millionths of a currency unit, rounded once. */
import type { Usage } from './step.ts'

/** Prices in units of one currency for a million tokens, as providers list them. */
export type Prices = {
  readonly inputPerMillion: number
  readonly outputPerMillion: number
  /** For input that the provider had in its cache; the price of other input unless set. */
  readonly cachedInputPerMillion?: number | undefined
  /** For input that the provider put into its cache; the price of other input unless set. */
  readonly cacheWritePerMillion?: number | undefined
}

/** Tokens times the price of a million are millionths; undefined when the provider did not count. */
export const costMicros = (usage: Usage, prices: Prices): number | undefined => {
  const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 } = usage
  if (inputTokens === undefined || outputTokens === undefined) return undefined
  const { inputPerMillion, outputPerMillion } = prices
  const { cachedInputPerMillion = inputPerMillion, cacheWritePerMillion = inputPerMillion } = prices
  return Math.round(
    Math.max(0, inputTokens - cachedInputTokens - cacheWriteTokens) * inputPerMillion +
      cachedInputTokens * cachedInputPerMillion +
      cacheWriteTokens * cacheWritePerMillion +
      outputTokens * outputPerMillion,
  )
}
