/** A port of this machine that nobody has. */
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that a system gives to connections, so that nobody has it when its owner was away and comes back. */
export const freePort = async (): Promise<number> => {
  for (let port = randomPort(); ; port = randomPort()) {
    const probe = createServer().listen(port, '127.0.0.1')
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    probe.close()
    await once(probe, 'close')
    return port
  }
}

const randomPort = (): number => 20_000 + Math.floor(Math.random() * 10_000)
