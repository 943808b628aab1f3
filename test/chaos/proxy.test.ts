import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { startProxy, type Proxy } from '../../chaos/outlast/proxy.ts'

/** Says back what it hears. */
const startEcho = async () => {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy()).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, [Symbol.asyncDispose]: async () => void server.close() }
}

const connectTo = async ({ url }: Proxy) => {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('utf8')
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed])
  let heard = ''
  socket.on('data', (text: string) => (heard += text))
  return {
    closed,
    say: (text: string) => void socket.write(text),
    hears: async (text: string) => {
      while (!heard.includes(text)) await once(socket, 'data')
      return heard
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

it('a late connection says everything in its order, also when it is fast again on the way', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.url)
  using client = await connectTo(proxy)
  proxy.set({ lateMs: 200 })
  const from = Date.now()
  client.say('a')
  await new Promise((resolve) => setTimeout(resolve, 50))
  proxy.set('open')
  client.say('b')
  expect(await client.hears('b')).toBe('ab')
  expect(Date.now() - from).toBeGreaterThanOrEqual(99)
})

it('a connection that is cut ends, and another one is refused until the way is open again', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.url)
  using before = await connectTo(proxy)
  proxy.set('cut')
  await before.closed
  using during = await connectTo(proxy)
  await during.closed
  proxy.set('open')
  using after = await connectTo(proxy)
  after.say('a')
  expect(await after.hears('a')).toBe('a')
})
