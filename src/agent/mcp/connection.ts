/** An MCP server as it is over time: connected to when it is needed, again when it was lost, and not too often while it is down. */
import { McpServerError, type OutlastError } from '../../domain/errors.ts'
import { callFailure, connectFailure } from './failure.ts'
import { McpForgottenError } from './http-requests.ts'
import { listTools, openLink, type Link, type LinkOptions, type McpPackage } from './link.ts'
import type { ServerTool } from './link.ts'

export type ConnectionOptions = Omit<LinkOptions, 'signal'> & {
  /** How old a list of tools may be. */
  readonly refreshMs: number
  /** Hears of a server that is down. */
  readonly onError: (error: OutlastError) => void
}

/** Waits between attempts double up to it. */
const LONGEST_WAIT_MS = 30_000

export class McpConnection {
  readonly #sdk: McpPackage
  readonly #options: ConnectionOptions & LinkOptions
  readonly #closing = new AbortController()
  #link: Link | undefined
  #opening: Promise<Link> | undefined
  #listing: Promise<void> | undefined
  #failure:
    { readonly error: OutlastError; readonly times: number; readonly until: number } | undefined
  #tools: readonly ServerTool[] | undefined

  constructor(sdk: McpPackage, options: ConnectionOptions) {
    this.#sdk = sdk
    this.#options = { ...options, signal: this.#closing.signal }
  }

  /** What the server has; what it had when it was last seen, while it is down; undefined when it was never seen. */
  async tools(): Promise<readonly ServerTool[] | undefined> {
    try {
      const link = await this.#connected()
      if (performance.now() - link.listedAt >= this.#options.refreshMs) await this.#refresh(link)
    } catch {
      // It was reported when the attempt failed.
    }
    return this.#tools
  }

  /** @throws OutlastError in a sentence for the model; the signal's reason once it is aborted */
  async call(
    tool: string,
    input: Record<string, unknown>,
    signal: AbortSignal,
  ): ReturnType<Link['client']['callTool']> {
    for (let isFirst = true; ; isFirst = false) {
      const link = await this.#unlessAborted(this.#connected(), signal)
      try {
        return await link.client.callTool({ name: tool, arguments: input, options: { signal } })
      } catch (thrown) {
        signal.throwIfAborted()
        const isForgotten = thrown instanceof McpForgottenError
        if (isForgotten) await this.#drop(link)
        // The server has not looked at the call.
        if (isForgotten && isFirst) continue
        throw callFailure(this.#options.name, thrown, link.hasEnded())
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    // What fails to open there is nothing to close of; whoever opened it hears why.
    const link = this.#link ?? (await this.#opening?.catch(() => undefined))
    if (link) await this.#drop(link)
  }

  async #connected(): Promise<Link> {
    const { name } = this.#options
    if (this.#closing.signal.aborted)
      throw new McpServerError(`The MCP server "${name}" was closed with its agent.`)
    if (this.#link?.hasEnded()) await this.#drop(this.#link)
    if (this.#link) return this.#link
    if (this.#failure && performance.now() < this.#failure.until) throw this.#failure.error
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined))
    return this.#opening
  }

  async #open(): Promise<Link> {
    const { name, onError } = this.#options
    try {
      const link = await openLink(this.#sdk, this.#options)
      this.#failure = undefined
      this.#tools = link.tools
      this.#link = link
      return link
    } catch (thrown) {
      const error = connectFailure(name, thrown)
      const times = (this.#failure?.times ?? 0) + 1
      const waitMs = Math.min(LONGEST_WAIT_MS, 500 * 2 ** times)
      this.#failure = { error, times, until: performance.now() + waitMs }
      if (!this.#closing.signal.aborted) onError(error)
      throw error
    }
  }

  /** Once for all who ask; a list that cannot be had leaves the one before. */
  async #refresh(link: Link): Promise<void> {
    this.#listing ??= this.#list(link).finally(() => (this.#listing = undefined))
    await this.#listing
  }

  async #list(link: Link): Promise<void> {
    try {
      link.tools = await listTools(link.client, this.#options)
      link.listedAt = performance.now()
      this.#tools = link.tools
    } catch (thrown) {
      await this.#drop(link)
      if (!(thrown instanceof McpForgottenError))
        this.#options.onError(connectFailure(this.#options.name, thrown))
      await this.#connected()
    }
  }

  async #drop(link: Link): Promise<void> {
    if (this.#link === link) this.#link = undefined
    await link[Symbol.asyncDispose]()
  }

  async #unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const aborted = Promise.withResolvers<never>()
    const stop = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    try {
      signal.throwIfAborted()
      return await Promise.race([work, aborted.promise])
    } finally {
      signal.removeEventListener('abort', stop)
      // Whoever waited has gone: what the work throws now has nobody to hear it.
      work.catch(() => undefined)
    }
  }
}
