/** What can go wrong between a client and its server, and how the server's problems become errors again. */
import {
  ChatNotFoundError,
  EngineStoppingError,
  FileNotFoundError,
  IdentityUnavailableError,
  InvalidRequestError,
  MessageNotFoundError,
  MisdirectedRequestError,
  NotAllowedError,
  NotAuthenticatedError,
  NotWaitingError,
  OffsetGoneError,
  OutlastError,
  QueueFullError,
  RateLimitedError,
  RouteNotFoundError,
  RunAlreadyActiveError,
  RunNotFoundError,
  StepNotFoundError,
  StorageFullError,
  StoreUnavailableError,
  TooLargeError,
  TooManyActiveRunsError,
  TooManyReadersError,
  UnsupportedMediaTypeError,
  type ErrorOptions,
} from '../domain/errors.ts'
import type { ProblemBody } from '../protocol/envelopes.ts'
import { PROBLEM_TYPE } from '../protocol/problem.ts'

/** The server could not be reached for so long that the client gave up. Nothing is known of what the request did. */
export class ConnectionLostError extends OutlastError {
  readonly code = 'CONNECTION_LOST'
  override readonly retryable = true
}

/** The run has failed; the message says why. What there is of its answer is kept. */
export class RunFailedError extends OutlastError {
  readonly code = 'RUN_FAILED'
}

/** A signal was aborted that does not say why. */
export class LeftError extends OutlastError {
  readonly code = 'LEFT'
  /** By which everybody knows an abort. */
  override readonly name = 'AbortError'
}

/** What is shown of an answer is void and cannot be taken back. The run goes on: load the history again, and attach. */
export class StepRepeatedError extends OutlastError {
  readonly code = 'STEP_REPEATED'
}

/** An answer that is none of Outlast's: of a proxy, of another server, or of one with a bug. */
export class ServerFailedError extends OutlastError {
  readonly code = 'SERVER_FAILED'
  /** Of the HTTP answer. */
  readonly status: number
  override readonly retryable: boolean

  constructor(status: number, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.status = status
    this.retryable = TRANSIENT.has(status)
  }
}

/** What proxies and servers answer while somebody restarts. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

type ErrorClass = new (message: string, options: ErrorOptions) => OutlastError

const CLASSES: Readonly<Record<string, ErrorClass>> = {
  INVALID_REQUEST: InvalidRequestError,
  NOT_AUTHENTICATED: NotAuthenticatedError,
  NOT_ALLOWED: NotAllowedError,
  CHAT_NOT_FOUND: ChatNotFoundError,
  RUN_NOT_FOUND: RunNotFoundError,
  MESSAGE_NOT_FOUND: MessageNotFoundError,
  FILE_NOT_FOUND: FileNotFoundError,
  STEP_NOT_FOUND: StepNotFoundError,
  ROUTE_NOT_FOUND: RouteNotFoundError,
  NOT_WAITING: NotWaitingError,
  OFFSET_GONE: OffsetGoneError,
  TOO_LARGE: TooLargeError,
  STORAGE_FULL: StorageFullError,
  UNSUPPORTED_MEDIA_TYPE: UnsupportedMediaTypeError,
  MISDIRECTED_REQUEST: MisdirectedRequestError,
  QUEUE_FULL: QueueFullError,
  TOO_MANY_READERS: TooManyReadersError,
  STORE_UNAVAILABLE: StoreUnavailableError,
  IDENTITY_UNAVAILABLE: IdentityUnavailableError,
  ENGINE_STOPPING: EngineStoppingError,
}

/** The error that the server meant: of the same class, with the same code, as the server's own. */
export const errorOfProblem = (problem: ProblemBody): OutlastError => {
  const { code, detail, status, retryAfter } = problem
  if (code === 'A_RUN_ALREADY_ACTIVE') return new RunAlreadyActiveError(problem.activeRunId)
  if (code === 'RATE_LIMITED') return new RateLimitedError(detail, retryAfter ?? 1)
  if (code === 'TOO_MANY_ACTIVE_RUNS')
    return new TooManyActiveRunsError(detail, problem.activeRunIds ?? [])
  const Kind = CLASSES[code]
  const options = { retryAfter }
  return Kind ? new Kind(detail, options) : new ServerFailedError(status, detail, options)
}

/** The error that an answer is. Reads its body. */
export const errorOfResponse = async (response: Response): Promise<OutlastError> => {
  const problem = await problemIn(response)
  const retryAfter = retryAfterOf(response)
  if (problem) return errorOfProblem({ retryAfter, ...problem })
  const message = `The server answered ${response.status}.`
  return new ServerFailedError(response.status, message, { retryAfter })
}

const problemIn = async (response: Response): Promise<ProblemBody | undefined> => {
  if (!response.headers.get('content-type')?.startsWith(PROBLEM_TYPE)) return undefined
  try {
    const problem = (await response.json()) as Partial<ProblemBody>
    return typeof problem.code === 'string' ? (problem as ProblemBody) : undefined
  } catch {
    // Cut off in its middle: the status is all that is known.
    return undefined
  }
}

/** Seconds after which the server wants to be asked again, if it said so. */
const retryAfterOf = (response: Response): number | undefined => {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined
}

/** Milliseconds that the server wants to be left alone before the next try; 0 where it said nothing. */
export const waitOf = (error: unknown): number =>
  error instanceof OutlastError ? (error.retryAfter ?? 0) * 1000 : 0
