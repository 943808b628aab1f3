/** The `options` of a request: checked by the agent's schema, and stored with the run as it leaves them. */
import { safeValidateTypes, type FlexibleSchema } from '@ai-sdk/provider-utils'
import { InvalidRequestError } from '../domain/errors.ts'
import { cleanJson } from '../domain/text.ts'
import { firstIssue } from './first-issue.ts'

const MAX_LENGTH = 100_000

/**
 * Without a schema there are none, whatever the request says. A request without any is checked like `{}`, so that defaults
 * apply.
 *
 * @throws InvalidRequestError with what is wrong, and where
 */
export const checkedOptions = async (
  schema: FlexibleSchema<unknown> | undefined,
  options: unknown,
): Promise<unknown> => {
  if (!schema) return null
  const checked = await safeValidateTypes({ value: options ?? {}, schema })
  if (!checked.success) throw new InvalidRequestError(sentence(checked.error.cause))
  const clean = cleanJson(checked.value)
  if (JSON.stringify(clean).length > MAX_LENGTH)
    throw new InvalidRequestError(
      `In the body, options: they have at most ${MAX_LENGTH} characters as JSON.`,
    )
  return clean
}

const sentence = (cause: unknown): string => {
  const { path, message = 'they do not fit' } = firstIssue(cause)
  return `In the body, ${path === '' ? 'options' : `options.${path}`}: ${message}.`
}
