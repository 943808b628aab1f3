/** Which time is looked at, as the address says it. */
import { PERIODS, type Period } from '../runs/runs-search.ts'

export type OverviewSearch = { readonly last?: Period }

export const overviewSearch = (given: Readonly<Record<string, unknown>>): OverviewSearch => {
  const last = PERIODS.find((period) => period === given['last'])
  return last ? { last } : {}
}
