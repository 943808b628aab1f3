/** How a command fails: what it says, and the code that it ends with. */
import { OutlastError } from '../domain/errors.ts'
import type { Problem } from '../protocol/problem.ts'

/** The command cannot be meant like this. */
export class UsageError extends OutlastError {
  readonly code = 'WRONG_USAGE'
}

/** Nothing answers to the id that the command names. */
export class NothingFoundError extends OutlastError {
  readonly code = 'NOTHING_FOUND'
}

/** The run was followed to its end, and that was not a good one. */
export class RunEndedBadlyError extends OutlastError {
  readonly code = 'RUN_ENDED_BADLY'
}

/** No server is there, or something that is none of ours. */
export class ServerUnreachableError extends OutlastError {
  readonly code = 'SERVER_UNREACHABLE'
  override readonly retryable = true
}

/** The server refused; its `problem` says why. */
export class RefusedError extends OutlastError {
  readonly code = 'REFUSED'
  readonly problem: Problem
  override readonly retryable: boolean

  constructor(problem: Problem) {
    super(problem.detail)
    this.problem = problem
    this.retryable = problem.retryAfter !== undefined
  }
}

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, notAllowed: 4, interrupted: 130 }

/** What scripts compare: the server's own code where it is the server that refuses. */
export const codeOf = (error: Error): string =>
  error instanceof RefusedError
    ? error.problem.code
    : error instanceof OutlastError
      ? error.code
      : 'INTERNAL_ERROR'

const EXITS: Readonly<Record<string, number>> = {
  WRONG_USAGE: EXIT.usage,
  INVALID_REQUEST: EXIT.usage,
  NOTHING_FOUND: EXIT.notFound,
  CHAT_NOT_FOUND: EXIT.notFound,
  RUN_NOT_FOUND: EXIT.notFound,
  NOT_AUTHENTICATED: EXIT.notAllowed,
  NOT_ALLOWED: EXIT.notAllowed,
}

export const exitOf = (error: Error): number => EXITS[codeOf(error)] ?? EXIT.failed

/** Errors with a code are written for people; anything else is a bug and keeps its stack. */
export const explain = (error: Error): string =>
  error instanceof OutlastError && error.code !== 'INVARIANT'
    ? error.message
    : (error.stack ?? error.message)
