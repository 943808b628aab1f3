/** Runs of a tool outside a model: the last value it gives is its output. */

export const toolOptions = { toolCallId: 'call-1-1', messages: [], context: {} }

export const outputOf = async <T>(result: AsyncIterable<T> | PromiseLike<T> | T): Promise<T> => {
  if (!isIterable(result)) return await result
  let last: T | undefined
  for await (const value of result) last = value
  return last as T
}

const isIterable = <T>(result: AsyncIterable<T> | PromiseLike<T> | T): result is AsyncIterable<T> =>
  typeof result === 'object' && result !== null && Symbol.asyncIterator in result

/** The sentence of a refused tool call. */
export const refusal = async (work: () => PromiseLike<unknown>): Promise<string> => {
  try {
    await work()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'TOOL_FAILED')
      return error.message
    throw error
  }
  throw new Error('The tool did not refuse.')
}
