/** An HTTP proxy in front of a server that does to the network between what a test says. */
import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { deliver, htmlPage, type Fault } from './faulty-delivery.ts'
import { createBarrier, type Barrier } from './barrier.ts'

export type { Fault } from './faulty-delivery.ts'

export type ProxiedRequest = {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Settles with the status of the server's answer when it begins; undefined when there is none. */
  readonly answered: Promise<number | undefined>
  /** Settles when nothing of its answer follows, however it ended. */
  readonly ended: Promise<void>
  readonly isOpen: boolean
}

type Matching = (request: ProxiedRequest) => boolean

export type FaultyProxy = AsyncDisposable & {
  /** Where clients connect: an origin, without a path. */
  readonly url: string
  /** All requests so far, in their order. */
  readonly requests: readonly ProxiedRequest[]
  /** Client connections that are open now. */
  readonly connections: number
  /**
   * The next request that matches meets the fault, and no other.
   * @returns settles with the request when the fault has happened, or when its answer has ended without it
   * @example const cut = proxy.next({ at: { frames: 3 }, ends: 'reset' }); await send(); await cut
   */
  next(fault: Fault, matching?: Matching): Promise<ProxiedRequest>
  /** Each request that matches meets the fault, until `heal`. A fault of `next` goes first. */
  each(fault: Fault, matching?: Matching): void
  /** Requests that come from now on meet no fault. */
  heal(): void
  /** Resets what is open, or ends it with a FIN in the middle. */
  cut(how?: 'reset' | 'fin'): void
  /** Resets what is open and refuses what comes. */
  down(): void
  /** Keeps everything open and delivers nothing, in neither direction. */
  stall(): void
  /** Ends `down` and `stall`; what a stall held back is delivered. */
  up(): void
  /** Requests that come from now on go to another server. */
  to(target: string): void
  /** Waits for a request, also one that was there already. */
  until(matching: Matching): Promise<ProxiedRequest>
}

type Armed = {
  readonly fault: Fault
  readonly matching: Matching
  happen(it: ProxiedRequest): void
}

/** @example await using proxy = await faultyProxy(server.url) */
export const faultyProxy = async (target: string): Promise<FaultyProxy> => {
  const proxy = new HttpProxy(target)
  await proxy.listen()
  return proxy
}

class HttpProxy implements FaultyProxy {
  readonly requests: ProxiedRequest[] = []
  readonly #server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 })
  readonly #sockets = new Set<Socket>()
  #armed: Armed[] = []
  #standing: Armed[] = []
  #watchers: (() => void)[] = []
  #target: URL
  #isDown = false
  #flow: Barrier = released()

  constructor(target: string) {
    this.#target = new URL(target)
    this.#server.on('connection', (socket) => this.#accept(socket))
    this.#server.on('request', (request, response) => void this.#pass(request, response))
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get connections(): number {
    return this.#sockets.size
  }

  next(fault: Fault, matching: Matching = () => true): Promise<ProxiedRequest> {
    const happened = Promise.withResolvers<ProxiedRequest>()
    this.#armed.push({ fault, matching, happen: happened.resolve })
    return happened.promise
  }

  each(fault: Fault, matching: Matching = () => true): void {
    this.#standing.push({ fault, matching, happen: () => undefined })
  }

  heal(): void {
    this.#armed = []
    this.#standing = []
  }

  cut(how: 'reset' | 'fin' = 'reset'): void {
    for (const socket of this.#sockets)
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroySoon()
  }

  down(): void {
    this.#isDown = true
    this.cut()
  }

  stall(): void {
    this.#flow = createBarrier()
  }

  up(): void {
    this.#isDown = false
    this.#flow.release()
  }

  to(target: string): void {
    this.#target = new URL(target)
  }

  async until(matching: Matching): Promise<ProxiedRequest> {
    for (;;) {
      const found = this.requests.find(matching)
      if (found) return found
      await new Promise<void>((resolve) => this.#watchers.push(resolve))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.up()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #accept(socket: Socket): void {
    if (this.#isDown) return void socket.resetAndDestroy()
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const passing = recordOf(request, response)
    const { fault, happen } = this.#faultFor(passing)
    this.requests.push(passing)
    for (const watcher of this.#watchers.splice(0)) watcher()
    void passing.ended.then(() => happen(passing))
    const flow = () => this.#flow.promise
    await flow()
    const { instead, idleMs } = fault
    if (typeof instead === 'number') {
      request.resume()
      return htmlPage(response, instead)
    }
    if (instead === 'request lost') return void request.socket.resetAndDestroy()
    const answer = await this.#forward(request, response, fault)
    passing.begin(answer?.statusCode)
    if (!answer) return htmlPage(response, idleMs === undefined ? 502 : 504)
    if (instead === 'answer lost') return void request.socket.resetAndDestroy()
    await deliver({ answer, response, fault, happened: () => happen(passing), flow })
  }

  #faultFor(passing: ProxiedRequest): Pick<Armed, 'fault' | 'happen'> {
    const index = this.#armed.findIndex(({ matching }) => matching(passing))
    if (index >= 0) return this.#armed.splice(index, 1)[0]!
    const standing = this.#standing.find(({ matching }) => matching(passing))
    return standing ?? { fault: {}, happen: () => undefined }
  }

  /** @returns the server's answer; undefined when there is none */
  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    { idleMs = 0 }: Fault,
  ): Promise<IncomingMessage | undefined> {
    const { hostname, port, host, origin } = this.#target
    const { method, url: path } = request
    const { connection: _, ...headers } = request.headers
    // For the server it is as if its clients had come to it directly.
    headers.host = host
    if (headers.origin === this.url) headers.origin = origin
    const options = { hostname, port, method, path, headers, timeout: idleMs, agent: false }
    const upstream = httpRequest(options)
    upstream.on('timeout', () => upstream.destroy())
    upstream.on('error', () => undefined)
    response.once('close', () => upstream.destroy())
    const answered = once(upstream, 'response') as Promise<[IncomingMessage]>
    request.pipe(upstream)
    return answered.then(([answer]) => answer).catch(() => undefined)
  }
}

const recordOf = (request: IncomingMessage, response: ServerResponse) => {
  const { promise: answered, resolve: begin } = Promise.withResolvers<number | undefined>()
  const ended = once(response, 'close').then(() => begin(undefined))
  return {
    method: request.method!,
    path: request.url!,
    headers: request.headers,
    answered,
    begin,
    ended,
    get isOpen() {
      return !response.closed
    },
  }
}

const released = (): Barrier => {
  const barrier = createBarrier()
  barrier.release()
  return barrier
}
