/** Where runs are read. */
import type { Held } from '../clients/main.ts'
import type { Reader } from '../clients/streams.ts'

type Server = { readonly url: string }

export const runStream = ({ url }: Server, { runId }: Held): string =>
  `${url}/ai-chat/runs/${runId}/stream`

/** The connection of a browser that follows everything, with one run beside it. */
export const runFeed = ({ url }: Server, { runId }: Held): string =>
  `${url}/ai-chat/follow?run=${runId}`

/** As each of so many readers. */
export const times = (count: number, readerOf: (index: number) => Reader): Reader[] =>
  Array.from({ length: count }, (_, index) => readerOf(index))
