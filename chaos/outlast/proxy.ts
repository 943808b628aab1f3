/** A TCP proxy before a database or Redis: it passes everything on, late if need be, refuses everybody, or holds its breath. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { DatabaseState, RedisState } from '../adapter.ts'

export type Proxy = AsyncDisposable & {
  /** The given URL, through the proxy. */
  readonly url: string
  set(state: ProxyState): void
}

type ProxyState = DatabaseState | RedisState

/** @param target - a URL; without a port it is PostgreSQL's */
export const startProxy = async (target: string): Promise<Proxy> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let state: ProxyState = 'open'
  // There and back again.
  const lateMs = () => (typeof state === 'object' ? state.lateMs / 2 : 0)

  const server = createServer((client) => {
    if (state === 'cut') return void client.resetAndDestroy()
    const upstream = connect({ host: hostname, port: Number(port || '5432') })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
    passOn(client, upstream, lateMs)
    passOn(upstream, client, lateMs)
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

/** In its order, also when the delay changes on the way. */
const passOn = (from: Socket, to: Socket, lateMs: () => number): void => {
  const waiting: (() => void)[] = []
  let due = 0
  const pass = (act: () => void) => {
    const now = performance.now()
    due = Math.max(due, now + lateMs())
    if (due === now && waiting.length === 0) return act()
    waiting.push(act)
    setTimeout(() => waiting.shift()!(), due - now)
  }
  from.on('data', (data) => pass(() => void to.write(data)))
  from.on('close', () => pass(() => void to.destroy()))
}
