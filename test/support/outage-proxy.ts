/** A TCP proxy in front of a database that can go away in the ways in which networks and servers do. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type OutageProxy = AsyncDisposable & {
  /** The given URL, through the proxy. */
  readonly url: string
  /** How often somebody came while it was down. */
  readonly refused: number
  /** Resets what is connected and refuses what comes. */
  down(): void
  /** Swallows everything: no data, no errors. */
  stall(): void
  up(): void
}

export const outageProxy = async (target: string): Promise<OutageProxy> => {
  const { hostname, port } = new URL(target)
  let state: 'up' | 'down' | 'stalled' = 'up'
  let refused = 0
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (state === 'down') {
      refused += 1
      return void client.resetAndDestroy()
    }
    const upstream = connect({ host: hostname, port: Number(port || '5432') })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (data) => state === 'up' && upstream.write(data))
    upstream.on('data', (data) => state === 'up' && client.write(data))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => state !== 'stalled' && client.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: url.href,
    get refused() {
      return refused
    },
    down() {
      state = 'down'
      cut()
    },
    stall() {
      state = 'stalled'
    },
    up() {
      // Whatever was swallowed cannot be continued.
      if (state === 'stalled') cut()
      state = 'up'
    },
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
