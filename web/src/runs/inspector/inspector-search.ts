/** What of a run is looked at, as the address says it. */

export type InspectorSearch = {
  readonly step?: number
  /** A tool call of that step. */
  readonly call?: string
}

/** What an address says that is neither is left out. */
export const inspectorSearch = (given: Readonly<Record<string, unknown>>): InspectorSearch => {
  const step = Number(given['step'])
  if (given['step'] == null || !Number.isInteger(step) || step < 0) return {}
  const { call } = given
  const isCall = typeof call === 'number' || (typeof call === 'string' && call !== '')
  return { step, ...(isCall ? { call: String(call) } : {}) }
}
