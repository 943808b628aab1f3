/** Requests to the server, with the caller's headers, and answers that are errors thrown as what they are. */
import { ConfigError } from '../domain/errors.ts'
import { API_PATH } from '../protocol/routes.ts'
import { ConnectionLostError, errorOfResponse, ServerFailedError } from './errors.ts'
import { throwIfAborted } from './linked-signal.ts'

type HeaderRecord = Readonly<Record<string, string>>

export type HttpOptions = {
  /** Where the API is: `/ai-chat` unless set; `https://chat.example/ai-chat`, or with what the server is mounted under. */
  readonly url?: string | undefined
  /** Sent with each request, such as `authorization`; a function is asked each time, so a token may change. */
  readonly headers?: HeaderRecord | (() => HeaderRecord | Promise<HeaderRecord>) | undefined
  /** For cookies of another origin; `same-origin` unless set. */
  readonly credentials?: RequestCredentials | undefined
  /** One whose answers have a `body` to stream from; the global one unless set. React Native: `fetch` of `expo/fetch`. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

export type HttpRequest = {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: Blob | ArrayBuffer | Uint8Array<ArrayBuffer> | string
  readonly headers?: HeaderRecord
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>
  readonly signal?: AbortSignal | undefined
}

export class Http {
  readonly #url: string
  readonly #options: HttpOptions

  constructor(options: HttpOptions) {
    this.#url = (options.url ?? API_PATH).replace(/\/+$/, '')
    this.#options = options
  }

  /** True when requests say who asks in a header, so that what they get is not the same for every tab of the browser. */
  get hasOwnHeaders(): boolean {
    return this.#options.headers !== undefined
  }

  /** Where the API is, without a slash at its end. */
  get url(): string {
    return this.#url
  }

  /**
   * @param path - one of `ROUTES`, filled in
   * @throws ConnectionLostError when no answer came; the error that the answer is; what the signal was aborted with
   */
  async send(path: string, request: HttpRequest = {}): Promise<Response> {
    const { method = 'GET', json, body, query, signal } = request
    const { headers, credentials, fetch = globalThis.fetch } = this.#options
    const own = typeof headers === 'function' ? await headers() : headers
    let response: Response
    try {
      response = await fetch(this.#addressOf(path, query), {
        method,
        cache: 'no-store',
        headers: {
          ...own,
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        ...(json === undefined
          ? body === undefined
            ? {}
            : { body }
          : { body: JSON.stringify(json) }),
        ...(credentials === undefined ? {} : { credentials }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (cause) {
      throwIfAborted(signal)
      throw new ConnectionLostError('The server cannot be reached.', { cause })
    }
    if (!response.ok) throw await errorOfResponse(response)
    return response
  }

  /** For an answer that streams, or has nothing to. @throws as `send`; ServerFailedError for what is none of Outlast's */
  async stream(path: string, request: HttpRequest = {}): Promise<Response> {
    const response = await this.send(path, request)
    return response.status === 204 ? response : this.#expect(response, 'text/event-stream')
  }

  /** @throws as `stream` */
  async json<Answer>(path: string, request: HttpRequest = {}): Promise<Answer> {
    const response = this.#expect(await this.send(path, request), 'application/json')
    try {
      return (await response.json()) as Answer
    } catch (cause) {
      throwIfAborted(request.signal)
      throw new ConnectionLostError('The answer of the server broke off.', { cause })
    }
  }

  /** A server that answers everything with its page is the most common mistake in `url`. */
  #expect(response: Response, type: string): Response {
    const got = response.headers.get('content-type')
    if (got === null || got.startsWith(type)) return response
    discard(response)
    throw new ServerFailedError(
      response.status,
      `What answers at ${this.#url} is not Outlast: it sent ${got} instead of ${type}. Is \`url\` right?`,
    )
  }

  #addressOf(path: string, query: HttpRequest['query'] = {}): string {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      const values = Array.isArray(value) ? value : [value]
      for (const one of values) if (one !== undefined) parameters.append(name, String(one))
    }
    const search = parameters.toString()
    return this.#url + path.slice(API_PATH.length) + (search && `?${search}`)
  }
}

/** @throws ConfigError for a `fetch` whose answers cannot be streamed */
export const bodyOf = (response: Response): ReadableStream<Uint8Array> => {
  if (response.body) return response.body
  throw new ConfigError(
    'This fetch gives answers without a body to stream from. Pass one that does as `fetch`: in React Native that of expo/fetch.',
  )
}

/** Leaves an answer that nobody reads. Where its connection has broken already there is nothing more to hear of it. */
export const discard = (response: Response): void => {
  if (!response.bodyUsed) response.body?.cancel().catch(() => undefined)
}
