/** Shows the pages to whoever is signed in, and the sign-in to everybody else; the address stays, so one comes back to it. */
import { notifications } from '@mantine/notifications'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { forgetAnswers, isSignedOut, ownerOf, sessionQuery } from './session.ts'
import { SignInPage } from './sign-in-page.tsx'
import { UnknownPage } from './unknown-page.tsx'
import { useDoubts } from './use-doubts.ts'

export const SessionGate = ({ children }: { readonly children: ReactNode }) => {
  const { data: session, error } = useQuery(sessionQuery)
  const isOut = isSignedOut(error)
  const owner = session && ownerOf(session)
  const [first, setFirst] = useState(owner)
  if (first === undefined && owner !== undefined) setFirst(owner)
  const isAnother = owner !== undefined && first !== undefined && owner !== first
  useForgetting(isOut)
  useEffect(() => {
    // Whatever this page still has in its memory is somebody else's.
    if (isAnother) location.replace('/')
  }, [isAnother])

  if (isOut) return <SignInPage wasSignedIn={first !== undefined} />
  if (isAnother) return null
  if (!session) return <UnknownPage error={error} />
  return <Watched>{children}</Watched>
}

const Watched = ({ children }: { readonly children: ReactNode }) => {
  useDoubts()
  return children
}

const useForgetting = (isOut: boolean): void => {
  const queries = useQueryClient()
  useEffect(() => {
    if (!isOut) return
    forgetAnswers(queries)
    notifications.clean()
  }, [isOut, queries])
}
