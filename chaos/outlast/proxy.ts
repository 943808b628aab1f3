/** A TCP proxy before a database: it passes everything on, refuses everybody, or holds its breath. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { DatabaseState } from '../adapter.ts'

export type DatabaseProxy = AsyncDisposable & {
  /** The given URL, through the proxy. */
  readonly url: string
  set(state: DatabaseState): void
}

export const startDatabaseProxy = async (target: string): Promise<DatabaseProxy> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let state: DatabaseState = 'open'

  const server = createServer((client) => {
    if (state === 'cut') return void client.resetAndDestroy()
    const upstream = connect({ host: hostname, port: Number(port || '5432') })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (data) => upstream.write(data))
    upstream.on('data', (data) => client.write(data))
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    if (state === 'stalled') for (const socket of [client, upstream]) socket.pause()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(target)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url: url.href,
    set(next) {
      state = next
      for (const socket of sockets) {
        if (next === 'cut') socket.resetAndDestroy()
        // What was said before the silence arrives after it.
        else if (next === 'stalled') socket.pause()
        else socket.resume()
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.resetAndDestroy()
      server.close()
      await once(server, 'close')
    },
  }
}
