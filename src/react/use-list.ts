/** A list that the server has in pages, kept up to date while somebody looks at it. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { coerceError } from '../domain/errors.ts'

export type Page<T> = { readonly items: readonly T[]; readonly after: string | undefined }

export type ListHelpers<T> = {
  readonly items: readonly T[]
  readonly isLoading: boolean
  /** Why it could not be loaded. */
  readonly error: Error | undefined
  /** Undefined when everything is here. */
  readonly loadMore: (() => void) | undefined
  readonly reload: () => void
}

/** News come in bursts, and one look at the server serves them all. */
const GATHER_MS = 100

/**
 * @param load - the page after this position; a new function is a new list
 * @param watch - calls back when the list may have changed
 */
export const useList = <T extends { readonly id: string }>(
  load: (after: string | undefined, signal: AbortSignal) => Promise<Page<T>>,
  watch: (listener: () => void) => () => void,
): ListHelpers<T> => {
  const [list, setList] = useState<Page<T> & { readonly of: unknown }>()
  const [error, setError] = useState<Error>()
  const leaving = useRef<AbortController>(undefined)
  const current = list?.of === load ? list : undefined

  const fetchPage = useCallback(
    async (after: string | undefined) => {
      const signal = leaving.current?.signal ?? new AbortController().signal
      try {
        const page = await load(after, signal)
        if (signal.aborted) return
        setError(undefined)
        setList((before) => ({
          ...merged(before?.of === load ? before : undefined, page, after),
          of: load,
        }))
      } catch (thrown) {
        if (!signal.aborted) setError(coerceError(thrown))
      }
    },
    [load],
  )
  useEffect(() => {
    const controller = new AbortController()
    leaving.current = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    void fetchPage(undefined)
    const unwatch = watch(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        void fetchPage(undefined)
      }, GATHER_MS)
    })
    return () => {
      clearTimeout(timer)
      unwatch()
      controller.abort()
    }
  }, [fetchPage, watch])

  const after = current?.after
  const loadMore = useCallback(() => void fetchPage(after), [fetchPage, after])
  const reload = useCallback(() => void fetchPage(undefined), [fetchPage])
  return {
    items: current?.items ?? [],
    isLoading: !current && !error,
    error,
    loadMore: after === undefined ? undefined : loadMore,
    reload,
  }
}

/** The first page anew in front of the others, which keep their order; a later page behind them. */
const merged = <T extends { readonly id: string }>(
  before: Page<T> | undefined,
  page: Page<T>,
  after: string | undefined,
): Page<T> => {
  if (!before) return page
  const news = new Set(page.items.map(({ id }) => id))
  const others = before.items.filter(({ id }) => !news.has(id))
  if (after !== undefined) return { items: [...others, ...page.items], after: page.after }
  const isWhole = page.after === undefined
  return isWhole ? page : { items: [...page.items, ...others], after: before.after }
}
