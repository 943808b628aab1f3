/** Parses what came in: what does not fit becomes one sentence that says where and what. */
import { z } from 'zod'
import { InvalidRequestError } from '../domain/errors.ts'
import { isClientId } from '../domain/message.ts'

const ID_RULE = 'has 1 to 128 letters, digits or any of _ . : ~ - and is not a word of a route'

export const clientId = (what: string) =>
  z.string({ error: `${what} is a string` }).refine(isClientId, { error: `${what} ${ID_RULE}` })

/** @throws InvalidRequestError */
export const parse = <Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
  where: 'body' | 'query' = 'body',
): z.output<Schema> => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = [...prefix, ...(issue?.path ?? [])]
  throw new InvalidRequestError(sentence(path, issue?.message ?? '', where))
}

const sentence = (path: readonly PropertyKey[], message: string, where: string): string =>
  path.length === 0
    ? `${message[0]?.toUpperCase() ?? ''}${message.slice(1)}.`
    : `In the ${where}, ${z.core.toDotPath([...path])}: ${message}.`
