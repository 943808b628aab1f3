/** Outlast in a browser, a script or an app: runs that go on while connections come and go. */
export {
  createOutlastClient,
  type AttachTarget,
  type FollowOptions,
  type OutlastClient,
  type OutlastClientOptions,
  type RunTarget,
  type StartOptions,
} from './client.ts'
export { OutlastChatTransport, type OutlastChatTransportOptions } from './chat-transport.ts'
export type { History, RunFilter } from './catalog.ts'
export type { ConnectionState } from './connection.ts'
export {
  ConnectionLostError,
  RunFailedError,
  ServerFailedError,
  StepRepeatedError,
} from './errors.ts'
export type { ChatNews, Feed, StateNews } from './feed/feed.ts'
export type { RunReading } from './run-reading.ts'
export type { Observable } from './store.ts'
export type * from './types.ts'
export {
  ChatNotFoundError,
  MessageNotFoundError,
  NotAuthenticatedError,
  NotWaitingError,
  OutlastError,
  QueueFullError,
  RateLimitedError,
  RunAlreadyActiveError,
  RunNotFoundError,
  TooManyActiveRunsError,
} from '../domain/errors.ts'
