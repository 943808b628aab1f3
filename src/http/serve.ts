/** Serves the app on a port, and lets it end in good order. */
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { coerceError, ConfigError } from '../domain/errors.ts'
import type { HttpApp } from './app.ts'
import { nodeListener } from './node-listener.ts'

export type ServeOptions = {
  readonly app: Pick<HttpApp, 'fetch'>
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** The settings that say where it listens, for who has to change them. */
  readonly settings?: { readonly host: string; readonly port: string }
  /** Hears of connections that could not be accepted. */
  readonly onError?: (error: Error) => void
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
export const serveHttp = async (options: ServeOptions): Promise<HttpServer> => {
  const { host, port, settings = { host: 'HOST', port: 'PORT' } } = options
  const server = serverOf(options.app, host)
  server.listen(port, host)
  await once(server, 'listening').catch((error: unknown) => {
    throw explain(coerceError(error), { host, port, settings })
  })
  const close = closing(server, options.onError)
  return { port: (server.address() as AddressInfo).port, close }
}

/** Serves on a socket in the file system that nobody but this user can connect to. Whatever is at `path` is replaced. */
export const serveSocket = async ({
  app,
  path,
  onError,
}: Pick<ServeOptions, 'app' | 'onError'> & { readonly path: string }): Promise<
  Pick<HttpServer, 'close'>
> => {
  const server = serverOf(app, 'localhost')
  rmSync(path, { force: true })
  // Node binds within `listen`, so there is no moment in which others could connect.
  const mask = process.umask(0o177)
  try {
    server.listen(path)
  } finally {
    process.umask(mask)
  }
  await once(server, 'listening')
  return { close: closing(server, onError) }
}

const serverOf = (app: ServeOptions['app'], hostname: string): Server =>
  createServer(nodeListener((request, connection) => app.fetch(request, { connection }), hostname))

const closing = (server: Server, onError: ServeOptions['onError']): HttpServer['close'] => {
  server.on('error', (error: Error) => onError?.(error))
  let closed: Promise<void> | undefined
  return (graceMs = 30_000) => (closed ??= closeServer(server, graceMs))
}

const closeServer = async (server: Server, graceMs: number): Promise<void> => {
  const closed = once(server, 'close')
  server.close()
  // A client keeps its connection after an answer; nobody is there for its next request.
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const grace = setTimeout(() => server.closeAllConnections(), graceMs)
  try {
    await closed
  } finally {
    clearInterval(idle)
    clearTimeout(grace)
  }
}

type Place = Required<Pick<ServeOptions, 'host' | 'port' | 'settings'>>

const explain = (error: Error, { host, port, settings }: Place): Error => {
  const code = 'code' in error ? error.code : undefined
  const where = `${host}:${port}`
  if (code === 'EADDRINUSE')
    return new ConfigError(
      `Something else listens on ${where} already: set ${settings.port} to another number.`,
    )
  if (code === 'EACCES')
    return new ConfigError(
      `This user may not listen on ${where}: set ${settings.port} to a number above 1023.`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new ConfigError(
      `This machine has no address ${host}: set ${settings.host} to one that it has.`,
    )
  return error
}
