/** A value of the client, in React. */
import { useSyncExternalStore } from 'react'
import type { Observable } from '../client/store.ts'

/** A server renders what is known at the beginning. */
export const useObservable = <T>({ subscribe, get }: Observable<T>): T =>
  useSyncExternalStore(subscribe, get, get)
