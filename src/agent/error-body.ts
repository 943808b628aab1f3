/** What some providers say only in the body of an error: that the key is wrong, that money is out, how long to wait. */
import { APICallError } from 'ai'

type Detail = { readonly reason?: unknown; readonly retryDelay?: unknown }

/** Google answers 400 to a key that it does not know. */
export const saysWrongKey = (error: unknown): boolean =>
  detailsOf(error).some(({ reason }) => reason === 'API_KEY_INVALID')

/** Anthropic answers 400 when an account is empty, with no other sign of it than the sentence. */
export const saysNoCredit = (error: unknown): boolean =>
  APICallError.isInstance(error) && /credit balance is too low/i.test(error.message)

/** Google has the wait in a detail, such as `17s` or `0.5s`. */
export const bodyRetryAfterMs = (error: unknown): number | undefined => {
  const delays = detailsOf(error).map(({ retryDelay }) =>
    typeof retryDelay === 'string' ? /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(retryDelay)?.[1] : undefined,
  )
  const seconds = delays.find((delay) => delay !== undefined)
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000)
}

const detailsOf = (error: unknown): readonly Detail[] => {
  if (!APICallError.isInstance(error)) return []
  const { error: body } = (error.data ?? {}) as { error?: { details?: unknown } }
  const details: readonly unknown[] = Array.isArray(body?.details) ? body.details : []
  return details.filter((one): one is Detail => typeof one === 'object' && one !== null)
}
