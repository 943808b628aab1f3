/** Who is signed in. It is asked for again when somebody comes back, so that a token that has ended is noticed. */
import { queryOptions, type QueryClient } from '@tanstack/react-query'
import { OutlastError, type Session } from 'outlast/client'
import { client } from '../client.ts'
import { forgetBelongings, keepFor } from './belongings.ts'

const LOOK_MS = 60_000
const LOOK_SOON_MS = 5000

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => welcomed(await client.session.get({ signal })),
  staleTime: Infinity,
  refetchOnWindowFocus: 'always',
  // What is told to a tab that nobody looks at is told on behalf of somebody, too.
  refetchIntervalInBackground: true,
  refetchInterval: ({ state: { error } }) =>
    isSignedOut(error) ? false : error ? LOOK_SOON_MS : LOOK_MS,
})

export const isSignedOut = (error: unknown): boolean =>
  error instanceof OutlastError && error.code === 'NOT_AUTHENTICATED'

export const signIn = async (token: string): Promise<Session> =>
  welcomed(await client.session.signIn(token))

export const signOut = async (): Promise<void> => {
  await client.session.signOut()
  forgetBelongings()
}

const welcomed = (session: Session): Session => {
  keepFor(ownerOf(session))
  return session
}

/** Everything that this page has in its memory belongs to one of these. */
export const ownerOf = ({ user, workspace }: Session): string =>
  JSON.stringify([workspace.id, user.id])

/** Removes what was asked on behalf of whoever was signed in. */
export const forgetAnswers = (queries: QueryClient): void =>
  queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] })
