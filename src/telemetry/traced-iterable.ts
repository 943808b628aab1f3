/** Iterables whose work belongs to a span. */
import { context, SpanStatusCode, type Context, type Span } from '@opentelemetry/api'

/** Everything that makes or advances the iterable runs in the context, so that spans made there are children of it. */
export const inContext = <T>(make: () => AsyncIterable<T>, inside: Context): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = context.with(inside, () => make()[Symbol.asyncIterator]())
    return {
      next: () => context.with(inside, () => iterator.next()),
      return: (value) =>
        context.with(
          inside,
          async () => (await iterator.return?.(value)) ?? { done: true as const, value },
        ),
    }
  },
})

/** Ends the span with the iterable, however that ends. */
export const endedWith = <T>(
  parts: AsyncIterable<T>,
  span: Span,
  look: (part: T) => void,
): AsyncIterable<T> => ({
  [Symbol.asyncIterator]: () => {
    const iterator = parts[Symbol.asyncIterator]()
    const next = async (): Promise<IteratorResult<T>> => {
      try {
        const result = await iterator.next()
        if (result.done) span.end()
        else look(result.value)
        return result
      } catch (thrown) {
        span.setAttribute('error.type', thrown instanceof Error ? thrown.name : typeof thrown)
        span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
        throw thrown
      }
    }
    return {
      next,
      return: async (value) => {
        // Not awaited first: a silent provider may take its time, and the call is over for us.
        span.end()
        return (await iterator.return?.(value)) ?? { done: true, value }
      },
    }
  },
})
