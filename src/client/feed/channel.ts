/** A broadcast channel that carries messages of one type. */

export type Channel<Message> = {
  readonly post: (message: Message) => void
  readonly close: () => void
}

/** @param onMessage - hears what others post; not given: only posts */
export const openChannel = <Message>(
  name: string,
  onMessage?: (message: Message) => void,
): Channel<Message> => {
  const channel = new BroadcastChannel(name)
  // Another script of the page may use the name too.
  const isOurs = (data: unknown) => typeof data === 'object' && data !== null
  if (onMessage)
    channel.onmessage = ({ data }) => {
      if (isOurs(data)) onMessage(data as Message)
    }
  let isOpen = true
  return {
    post: (message) => {
      if (isOpen) channel.postMessage(message)
    },
    close: () => {
      isOpen = false
      channel.onmessage = null
      channel.close()
    },
  }
}
