/** Errors as RFC 9457 problems. The only file that knows HTTP status codes of errors. */
import { coerceError } from '../domain/errors.ts'

export const PROBLEM_TYPE = 'application/problem+json'

/** The body of every answer that is an error. Compare `code`; the rest is for people. */
export type Problem = {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  /** The run that stands in the way of a new one. */
  readonly activeRunId?: string
  /** The runs that stand in the way of one more. */
  readonly activeRunIds?: readonly string[]
  /** Seconds after which the same request may succeed. */
  readonly retryAfter?: number
}

type Kind = { readonly status: number; readonly title: string; readonly retryAfter?: number }

const KINDS = {
  INVALID_REQUEST: { status: 400, title: 'Bad Request' },
  NOT_AUTHENTICATED: { status: 401, title: 'Unauthorized' },
  NOT_ALLOWED: { status: 403, title: 'Forbidden' },
  CHAT_NOT_FOUND: { status: 404, title: 'Not Found' },
  RUN_NOT_FOUND: { status: 404, title: 'Not Found' },
  MESSAGE_NOT_FOUND: { status: 404, title: 'Not Found' },
  FILE_NOT_FOUND: { status: 404, title: 'Not Found' },
  STEP_NOT_FOUND: { status: 404, title: 'Not Found' },
  ROUTE_NOT_FOUND: { status: 404, title: 'Not Found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method Not Allowed' },
  A_RUN_ALREADY_ACTIVE: { status: 409, title: 'Conflict' },
  NOT_WAITING: { status: 409, title: 'Conflict' },
  OFFSET_GONE: { status: 410, title: 'Gone' },
  TOO_LARGE: { status: 413, title: 'Content Too Large' },
  STORAGE_FULL: { status: 413, title: 'Content Too Large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Unsupported Media Type' },
  MISDIRECTED_REQUEST: { status: 421, title: 'Misdirected Request' },
  RATE_LIMITED: { status: 429, title: 'Too Many Requests', retryAfter: 60 },
  TOO_MANY_ACTIVE_RUNS: { status: 429, title: 'Too Many Requests' },
  QUEUE_FULL: { status: 429, title: 'Too Many Requests', retryAfter: 10 },
  TOO_MANY_READERS: { status: 429, title: 'Too Many Requests' },
  STORE_UNAVAILABLE: { status: 503, title: 'Service Unavailable', retryAfter: 2 },
  IDENTITY_UNAVAILABLE: { status: 503, title: 'Service Unavailable', retryAfter: 5 },
  ENGINE_STOPPING: { status: 503, title: 'Service Unavailable', retryAfter: 5 },
} as const satisfies Record<string, Kind>

/** What an answer can be refused for; `INTERNAL_ERROR` is everything that is nobody's fault but ours. */
export type ProblemCode = keyof typeof KINDS | 'INTERNAL_ERROR'

export const statusOf = (code: ProblemCode): number =>
  code === 'INTERNAL_ERROR' ? INTERNAL.status : KINDS[code].status

const isKnown = (code: string): code is keyof typeof KINDS => Object.hasOwn(KINDS, code)

const INTERNAL = {
  type: 'about:blank',
  title: 'Internal Server Error',
  status: 500,
  detail: 'The server met an error of its own. Its log says more.',
  code: 'INTERNAL_ERROR',
} as const satisfies Problem

/** An error that no caller can do anything about becomes `INTERNAL_ERROR` and says nothing of itself. */
export const problemOf = (thrown: unknown): Problem => {
  const error = coerceError(thrown)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (!isKnown(code)) return INTERNAL
  const kind: Kind = KINDS[code]
  return {
    type: 'about:blank',
    title: kind.title,
    status: kind.status,
    detail: error.message,
    code,
    ...activeRun(error),
    ...retryAfter(error, kind),
  }
}

/** The error itself may know better than its kind. */
const retryAfter = (error: Error, kind: Kind) => {
  const own = 'retryAfter' in error && typeof error.retryAfter === 'number'
  const seconds = own ? (error.retryAfter as number) : kind.retryAfter
  return seconds === undefined ? {} : { retryAfter: seconds }
}

const activeRun = (error: Error) =>
  'activeRunId' in error && typeof error.activeRunId === 'string'
    ? { activeRunId: error.activeRunId }
    : 'activeRunIds' in error && Array.isArray(error.activeRunIds)
      ? { activeRunIds: error.activeRunIds as string[] }
      : {}
