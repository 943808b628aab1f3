/** A list of the client, in React. */
import { useCallback } from 'react'
import { LiveList, type ListSource, type ListState } from '../client/live-list.ts'
import { useLive } from './use-live.ts'
import { useObservable } from './use-observable.ts'

export type ListHelpers<T> = ListState<T> & {
  readonly loadMore: () => void
  readonly reload: () => void
}

/** @param key - what the list is of; another key is another list */
export const useLiveList = <T extends { readonly id: string }>(
  owner: object,
  key: string,
  source: () => ListSource<T>,
): ListHelpers<T> => {
  const list = useLive(owner, key, () => new LiveList(source()))
  const state = useObservable(list.state)
  const loadMore = useCallback(() => list.loadMore(), [list])
  const reload = useCallback(() => list.reload(), [list])
  return { ...state, loadMore, reload }
}
