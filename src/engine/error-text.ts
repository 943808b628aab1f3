/** The text of a thrown value, as models and people are told it: what the AI SDK says, and our own errors in their sentence. */
import { OutlastError } from '../domain/errors.ts'

export const getErrorText = (error: unknown): string => {
  if (error === null || error === undefined) return 'unknown error'
  if (typeof error === 'string') return error
  if (error instanceof OutlastError) return error.message
  if (error instanceof Error) return error.toString()
  return JSON.stringify(error) ?? 'unknown error'
}
