/** What a tab is told: envelopes of the server, with the reader that a frame is for by its key. Plain data. */
import type { OutlastError } from '../../domain/errors.ts'
import type { ProblemBody } from '../../protocol/envelopes.ts'
import type { ChatNews, RunFrame, StateNews } from './feed.ts'

export type ReaderNews =
  | (RunFrame & { readonly type: 'frame'; readonly reader: string })
  | { readonly type: 'end'; readonly reader: string }
  | { readonly type: 'problem'; readonly reader: string; readonly problem: ProblemBody }

/** The server answers nothing of what was wanted. */
export type RefusedNews = { readonly type: 'refused'; readonly problem: ProblemBody }

export type News = ChatNews | StateNews | ReaderNews | RefusedNews

/** An error as plain data; `errorOfProblem` makes it one again. */
export const problemOf = ({ code, message, ...rest }: OutlastError): ProblemBody => ({
  type: 'about:blank',
  title: '',
  status: 'status' in rest && typeof rest.status === 'number' ? rest.status : 0,
  detail: message,
  code,
})
