/** Asks who is signed in as soon as it may be somebody else: another tab said so, or the server refused something. */
import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { client } from '../client.ts'
import { onRefused } from './refusals.ts'
import { isSignedOut, sessionQuery } from './session.ts'

export const useDoubts = (): void => {
  const queries = useQueryClient()
  useEffect(() => {
    const look = (cancelRefetch: boolean) =>
      void queries.refetchQueries({ queryKey: sessionQuery.queryKey }, { cancelRefetch })
    const refused = () => look(false)
    const forgets = [
      // An answer that is on its way may be about the one before.
      client.session.onChange(() => look(true)),
      onRefused(refused),
      // It is another tab that keeps the connection and was refused.
      client.feed.states(
        () => undefined,
        (error) => isSignedOut(error) && refused(),
      ),
    ]
    return () => {
      for (const forget of forgets) forget()
    }
  }, [queries])
}
