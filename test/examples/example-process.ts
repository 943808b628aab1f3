/** An example as a process of its own, and what its users do over HTTP. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Chunk } from '../../src/engine/chunks.ts'
import { readSse } from '../../src/protocol/sse-decoder.ts'
import { EXAMPLES } from './installed.ts'

export type ExampleProcess = AsyncDisposable & {
  readonly url: string
  /** What it said, on both streams. */
  said(): string
  signal(signal: NodeJS.Signals): void
  /** Waits for its end. @returns its exit code; null when a signal has killed it */
  ended(): Promise<number | null>
}

/** Starts `node <args>` in the folder of the examples, and waits for the address that it says. */
export const startExample = async (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<ExampleProcess> => {
  const child = spawn(process.execPath, args, {
    cwd: EXAMPLES,
    env: { PATH: process.env['PATH'], PORT: '0', NEXT_TELEMETRY_DISABLED: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // A test that timed out disposes of nothing.
  const killAtExit = () => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  let said = ''
  const ended = once(child, 'close').then(() => {
    process.off('exit', killAtExit)
    return child.exitCode
  })
  child.stderr.on('data', (text) => {
    said += String(text)
  })
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said += `${line}\n`
      const address = /http:\/\/localhost:\d+/.exec(line)?.[0]
      if (address) resolve(address)
    })
    void ended.then(() => reject(new Error(`${args.join(' ')} did not start. It said: ${said}`)))
  })
  return {
    url,
    said: () => said,
    signal: (signal) => void child.kill(signal),
    ended: () => ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Signs in by the form of the page, as a browser without scripts does. @returns the cookie */
export const signIn = async (url: string, name: string): Promise<string> => {
  const page = await (await fetch(url)).text()
  // An action of Next.js names itself in a hidden field.
  const action = /name="(\$ACTION_ID_[^"]+)"/.exec(page)?.[1]
  const form = new FormData()
  form.set('name', name)
  if (action) form.set(action, '')
  const target = action ? url : `${url}/sign-in`
  const body = action ? form : new URLSearchParams({ name })
  const response = await fetch(target, { method: 'POST', body, redirect: 'manual' })
  await response.arrayBuffer()
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}

/** What a page of one user asks of the API. */
export const userOf = (url: string, cookie: string) => {
  const call = (path: string, { body, signal }: { body?: unknown; signal?: AbortSignal } = {}) =>
    fetch(`${url}/api/ai-chat${path}`, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { cookie, 'content-type': 'application/json' },
      ...(signal ? { signal } : {}),
    })
  const json = async <T>(path: string, body?: unknown) =>
    (await (await call(path, { body })).json()) as T
  return {
    call,
    ask: (text: string, signal?: AbortSignal) => {
      const message = { id: crypto.randomUUID(), role: 'user', parts: [{ type: 'text', text }] }
      const body = { id: 'main', messages: [message], trigger: 'submit-message' }
      return call('', { body, ...(signal ? { signal } : {}) })
    },
    stop: () => json<{ stopped: boolean }>('/stop', { chatId: 'main' }),
    latest: () => json<Latest>('/run', { chatId: 'main' }),
    messages: () => json<{ messages: unknown[] }>('/main/messages'),
  }
}

export type Latest = {
  readonly run: { readonly id: string; readonly status: string }
  readonly message: { readonly parts: readonly { readonly type: string; readonly text?: string }[] }
}

export const storedText = ({ message }: Latest): string =>
  message.parts.map(({ text = '' }) => text).join('')

/** Reads a stream until its text has a word, or to `[DONE]`. @returns the text so far */
export const readText = async (
  response: Response,
  until?: string,
): Promise<{ readonly text: string; readonly done: boolean }> => {
  let text = ''
  for await (const { data } of readSse(response.body!)) {
    if (data === '[DONE]') return { text, done: true }
    const chunk = JSON.parse(data) as Chunk
    if (chunk.type === 'text-delta') text += chunk.delta
    if (until !== undefined && text.includes(until)) return { text, done: false }
  }
  return { text, done: false }
}
