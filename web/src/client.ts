/** The one client of the page. */
import { createOutlastClient } from 'outlast/client'
import { watchedFetch } from './session/refusals.ts'

export const client = createOutlastClient({ fetch: watchedFetch })
