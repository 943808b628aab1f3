/** Looks at an iterable without a hop between its maker and its reader. */

const HEADERS = new Set(['model-call-start', 'model-call-response-metadata'])

/** Calls back when the first part of an answer arrives; what comes before it are headers. */
export const watchFirst = <Part extends { readonly type: string }>(
  parts: AsyncIterable<Part>,
  onFirst: () => void,
): AsyncIterable<Part> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = parts[Symbol.asyncIterator]()
    let seen = false
    const look = (result: IteratorResult<Part>) => {
      if (seen || result.done || HEADERS.has(result.value.type)) return
      seen = true
      onFirst()
    }
    const next = (): Promise<IteratorResult<Part>> => {
      const result = iterator.next()
      // Who reads hears of a failure.
      if (!seen) result.then(look, () => undefined)
      return result
    }
    return { next, ...(iterator.return ? { return: iterator.return.bind(iterator) } : {}) }
  },
})
