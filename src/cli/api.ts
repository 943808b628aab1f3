/** Requests whose answers are checked: what is not as PROTOCOL.md says is an error in a sentence. */
import type { z } from 'zod'
import { problem } from '../protocol/answers.ts'
import { PROBLEM_TYPE, type Problem } from '../protocol/problem.ts'
import { RefusedError, ServerUnreachableError } from './errors.ts'
import type { Ask, Reach } from './reach.ts'

/** @throws RefusedError for a problem, ServerUnreachableError for what is no answer of Outlast */
export const ask = async (reach: Reach, path: string, init: Ask = {}): Promise<Response> => {
  const answer = await reach.ask(path, init)
  if (answer.ok) return answer
  const isProblem = answer.headers.get('content-type')?.startsWith(PROBLEM_TYPE) === true
  const refusal = isProblem ? problem.safeParse(await answer.json()) : undefined
  if (refusal?.success) throw new RefusedError(refusal.data as Problem)
  await answer.body?.cancel()
  throw foreign(`It answered with status ${answer.status}`)
}

export const askJson = async <Schema extends z.ZodType>(
  reach: Reach,
  schema: Schema,
  path: string,
  { body, ...init }: Omit<Ask, 'body'> & { readonly body?: unknown } = {},
): Promise<z.output<Schema>> => {
  const sent =
    body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const text = await (await ask(reach, path, { ...init, ...sent })).text()
  const parsed = schema.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw foreign('Its answer is not what this version of the command line expects')
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw foreign('Its answer is no JSON', error)
  }
}

const foreign = (what: string, cause?: unknown): ServerUnreachableError =>
  new ServerUnreachableError(
    `${what}. Is this the address of an Outlast server, of this version?`,
    {
      cause,
    },
  )

/** What is given, as the part of an address after its path. */
export const queryOf = (parameters: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(parameters).filter(
    (one): one is [string, string] => one[1] !== undefined,
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
