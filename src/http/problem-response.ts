/** The one place where an error becomes an answer. */
import { coerceError } from '../domain/errors.ts'
import { PROBLEM_TYPE, problemOf } from '../protocol/problem.ts'
import { API_HEADERS } from './headers.ts'

/** @param onError - hears of errors that are ours or the world's, not the caller's */
export const problemResponse = (thrown: unknown, onError: (error: Error) => void): Response => {
  const error = coerceError(thrown)
  const problem = problemOf(error)
  if (problem.status >= 500) onError(error)
  const headers = new Headers({ ...API_HEADERS, 'content-type': PROBLEM_TYPE })
  if (problem.retryAfter !== undefined) headers.set('retry-after', String(problem.retryAfter))
  if (problem.code === 'NOT_AUTHENTICATED') headers.set('www-authenticate', 'Bearer')
  if ('allow' in error && Array.isArray(error.allow)) headers.set('allow', error.allow.join(', '))
  return new Response(JSON.stringify(problem), { status: problem.status, headers })
}
