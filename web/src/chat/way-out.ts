/** For each failure the sentence that explains it and the action that helps. */
import { OutlastError } from 'outlast/client'
import type { en } from '../strings/en/en.ts'

export type Way = 'again' | 'reload' | 'signIn' | 'stop' | 'runs'

export type WayOut = {
  readonly reason: keyof typeof en.chat.reasons
  /** Undefined where only other words or other files help. */
  readonly way: Way | undefined
}

const WAYS: Readonly<Record<string, WayOut>> = {
  A_RUN_ALREADY_ACTIVE: { reason: 'busy', way: 'stop' },
  RATE_LIMITED: { reason: 'rateLimited', way: 'again' },
  TOO_MANY_ACTIVE_RUNS: { reason: 'tooManyRuns', way: 'runs' },
  QUEUE_FULL: { reason: 'queueFull', way: 'again' },
  TOO_MANY_READERS: { reason: 'tooManyReaders', way: 'again' },
  NOT_AUTHENTICATED: { reason: 'signedOut', way: 'signIn' },
  NOT_ALLOWED: { reason: 'notAllowed', way: undefined },
  TOO_LARGE: { reason: 'tooLarge', way: undefined },
  STORAGE_FULL: { reason: 'storageFull', way: undefined },
  INVALID_REQUEST: { reason: 'invalid', way: undefined },
  MESSAGE_NOT_FOUND: { reason: 'replaced', way: 'reload' },
  CHAT_NOT_FOUND: { reason: 'gone', way: 'reload' },
  RUN_NOT_FOUND: { reason: 'gone', way: 'reload' },
  NOT_WAITING: { reason: 'replaced', way: 'reload' },
  CONNECTION_LOST: { reason: 'unreachable', way: 'again' },
  STORE_UNAVAILABLE: { reason: 'unavailable', way: 'again' },
  IDENTITY_UNAVAILABLE: { reason: 'unavailable', way: 'again' },
  ENGINE_STOPPING: { reason: 'unavailable', way: 'again' },
  STEP_REPEATED: { reason: 'outdated', way: 'reload' },
}

const UNKNOWN: WayOut = { reason: 'unknown', way: 'again' }

export const wayOutOf = (error: Error): WayOut =>
  (error instanceof OutlastError && WAYS[error.code]) || UNKNOWN
