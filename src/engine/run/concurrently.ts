/** Acts on items in their order, on so many at the same time; how each of these lanes ended. */
export const concurrently = <T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<PromiseSettledResult<void>[]> => {
  const waiting = items.values()
  const lane = async () => {
    for (const item of waiting) await act(item)
  }
  return Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane))
}
