/** Which client the hooks below it use. */
import type { UIMessage } from 'ai'
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react'
import { ConfigError } from '../domain/errors.ts'
import { createOutlastClient, type OutlastClient } from '../client/client.ts'
import type { OutlastMessage } from '../client/types.ts'

const ClientContext = createContext<OutlastClient<UIMessage> | undefined>(undefined)

/** @param props.client - unless set, one for `/ai-chat` of this page */
export const OutlastProvider = ({
  client,
  children,
}: {
  readonly client?: OutlastClient<UIMessage>
  readonly children?: ReactNode
}) => {
  const [own] = useState(() => (client ? undefined : createOutlastClient()))
  // A client that was given is closed by its owner; ours opens again when React mounts it again.
  useEffect(() => () => own?.close(), [own])
  // React 18 knows no shorter way.
  return <ClientContext.Provider value={client ?? own}>{children}</ClientContext.Provider>
}

/**
 * The client of the provider. Its type parameter is what the caller knows of the messages, as with `useChat`.
 * @throws ConfigError outside of a provider
 */
export const useOutlastClient = <MESSAGE extends UIMessage = OutlastMessage>(
  given?: OutlastClient<MESSAGE>,
): OutlastClient<MESSAGE> => {
  const provided = useContext(ClientContext)
  const client = given ?? (provided as OutlastClient<MESSAGE> | undefined)
  if (client) return client
  throw new ConfigError('There is no client here: put <OutlastProvider> around it, or pass one.')
}
