/** The `options` of a request: checked by the agent's schema, and stored with the run as it leaves them. */
import { safeValidateTypes, type FlexibleSchema } from '@ai-sdk/provider-utils'
import { InvalidRequestError } from '../domain/errors.ts'
import { cleanJson } from '../domain/text.ts'
import { publicText } from './public-text.ts'

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

type Issue = { readonly message?: unknown; readonly path?: readonly unknown[] }

/** Zod and all that speak Standard Schema list what is wrong. */
const sentence = (cause: unknown): string => {
  const issues = Array.isArray(cause) ? cause : (cause as { issues?: unknown } | null)?.issues
  const issue = (Array.isArray(issues) ? issues[0] : undefined) as Issue | undefined
  const path = (issue?.path ?? []).map(keyOf).join('.')
  const message = typeof issue?.message === 'string' ? publicText(issue.message) : 'they do not fit'
  return `In the body, ${path === '' ? 'options' : `options.${path}`}: ${message}.`
}

const keyOf = (part: unknown): string =>
  String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part)
