/** Serves the app on a port, and lets it end in good order. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { coerceError, ConfigError } from '../domain/errors.ts'
import type { HttpApp } from './app.ts'

export type ServeOptions = {
  readonly app: HttpApp
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
}

export type HttpServer = {
  readonly port: number
  /**
   * Accepts nothing new and lets requests end; those that last longer than `graceMs` (30 s unless set) are broken off.
   * Streams end when their run does or the engine closes, so close the engine at the same time.
   */
  close(graceMs?: number): Promise<void>
}

/** @throws ConfigError when the port cannot be had */
export const serveHttp = async ({ app, host, port }: ServeOptions): Promise<HttpServer> => {
  const server = createAdaptorServer({
    fetch: (request, bindings) => {
      const { incoming, outgoing } = bindings as HttpBindings
      return app.fetch(request, { address: incoming.socket.remoteAddress, outgoing })
    },
    hostname: host,
    // Other code of this process keeps its Request and Response.
    overrideGlobalObjects: false,
  })
  server.listen(port, host)
  await once(server, 'listening').catch((error: unknown) => {
    throw explain(coerceError(error), host, port)
  })
  let closed: Promise<void> | undefined
  const close = async (graceMs: number) => {
    const done = once(server, 'close')
    server.close()
    const timer = setTimeout(
      () => 'closeAllConnections' in server && server.closeAllConnections(),
      graceMs,
    )
    try {
      await done
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs = 30_000) => (closed ??= close(graceMs)),
  }
}

const explain = (error: Error, host: string, port: number): Error => {
  const code = 'code' in error ? error.code : undefined
  const where = `${host}:${port}`
  if (code === 'EADDRINUSE')
    return new ConfigError(
      `Something else listens on ${where} already: set PORT to another number.`,
    )
  if (code === 'EACCES')
    return new ConfigError(`This user may not listen on ${where}: set PORT to a number above 1023.`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new ConfigError(`This machine has no address ${host}: set HOST to one that it has.`)
  return error
}
