/** Text that every store and every wire can carry: no NUL, no half of a surrogate pair. */

export const cleanText = (text: string): string => text.replaceAll('\u0000', '').toWellFormed()

/** A deep copy of JSON-like data with clean strings; what JSON cannot express becomes null. */
export const cleanJson = (value: unknown): unknown => {
  const text = JSON.stringify(value) as string | undefined
  if (text === undefined) return null
  return needsCleaning(text) ? JSON.parse(text, cleanEntry) : JSON.parse(text)
}

const needsCleaning = (json: string): boolean =>
  json.includes('\\u0000') || /\\ud[89a-f]/i.test(json)

/** Names are cleaned as well; where two become one, the later value stays. */
function cleanEntry(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [cleanText(key), item]))
}

/** A high surrogate at the end of a delta waits for its other half in the next one. */
export const splitPair = (text: string): { whole: string; rest: string } => {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
    ? { whole: text.slice(0, -1), rest: text.slice(-1) }
    : { whole: text, rest: '' }
}
