/** An error as a log may show it: who threw it and where, and nothing that a driver or a provider attached. */

const MOST_CAUSES = 5

/** Name, code, message and stack, and those of the causes. */
export const errorFields = (error: unknown, depth = 0): Readonly<Record<string, unknown>> => {
  if (!(error instanceof Error)) return { message: `Something that is no Error (${typeof error})` }
  const { name, message, stack, cause } = error
  return {
    name,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    message,
    ...(stack === undefined ? {} : { stack }),
    ...(cause === undefined || depth === MOST_CAUSES
      ? {}
      : { cause: errorFields(cause, depth + 1) }),
  }
}
