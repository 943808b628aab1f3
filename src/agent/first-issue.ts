/** What a schema of the agent says against a value, for whoever sent the value. */
import { publicText } from './public-text.ts'

type Issue = { readonly message?: unknown; readonly path?: readonly unknown[] }

/** Zod and all that speak Standard Schema list what is wrong. @returns where the first of it is, and what it is */
export const firstIssue = (
  cause: unknown,
): { readonly path: string; readonly message: string | undefined } => {
  const issues = Array.isArray(cause) ? cause : (cause as { issues?: unknown } | null)?.issues
  const issue = (Array.isArray(issues) ? issues[0] : undefined) as Issue | undefined
  const { message } = issue ?? {}
  return {
    path: (issue?.path ?? []).map(keyOf).join('.'),
    message: typeof message === 'string' ? publicText(message).replace(/\.$/, '') : undefined,
  }
}

const keyOf = (part: unknown): string =>
  String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part)
