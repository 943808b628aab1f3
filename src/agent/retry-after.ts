/** How long a provider asks to wait, from the headers of its answer. */

/** Milliseconds from now, never negative; undefined when the headers say nothing that can be read. */
export const retryAfterMs = (headers: Readonly<Record<string, string>>): number | undefined => {
  const exact = numberOf(headers['retry-after-ms'])
  if (exact !== undefined) return Math.ceil(exact)
  const value = headers['retry-after']
  if (value === undefined) return undefined
  const seconds = numberOf(value)
  if (seconds !== undefined) return Math.ceil(seconds * 1_000)
  const until = /^[A-Za-z]{3,9},? /.test(value) ? Date.parse(value) : NaN
  if (Number.isNaN(until)) return undefined
  // The provider's own clock, when it tells: ours may be wrong.
  const now = Date.parse(headers['date'] ?? '')
  return Math.max(0, until - (Number.isNaN(now) ? Date.now() : now))
}

const numberOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\s*\d{1,9}(?:\.\d{1,6})?\s*$/.test(text) ? Number(text) : undefined
