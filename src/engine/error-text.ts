/** The text of a thrown value, as models and people are told it. */
export const getErrorText = (error: unknown): string => {
  if (error === null || error === undefined) return 'unknown error'
  if (typeof error === 'string') return error
  if (error instanceof Error) return error.message
  return JSON.stringify(error) ?? 'unknown error'
}
