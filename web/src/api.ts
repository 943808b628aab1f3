/** What the page asks of the server beside the streams that `useChat` reads itself. */
import type { UIMessage } from 'ai'

export type Message = UIMessage<{ readonly runId?: string }>

export type Run = {
  readonly id: string
  readonly status: 'pending' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'aborted'
  readonly error: string | null
}

/** What is needed to show a chat: its messages without the answer in progress, and its latest run. */
export type Conversation = { readonly messages: Message[]; readonly run: Run | null }

/** A refusal as the server words it: an RFC 9457 problem. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string | undefined

  constructor(status: number, body: string) {
    const { detail, title, code } = parseProblem(body)
    super(detail ?? title ?? `The server answered ${status}.`)
    this.status = status
    this.code = code
  }
}

export const isActive = (run: Run | null): run is Run =>
  run !== null && ['pending', 'running', 'waiting'].includes(run.status)

export const loadConversation = async (chatId: string): Promise<Conversation> => {
  const { messages, activeRun } = await request<{ messages: Message[]; activeRun: Run | null }>(
    `/ai-chat/${encodeURIComponent(chatId)}/messages`,
  )
  if (activeRun || messages.length === 0) return { messages, run: activeRun }
  // Asked only now: a chat without messages does not exist yet, and asking for its run would be an error.
  const latest = await request<{ run: Run | null }>('/ai-chat/run', { chatId })
  return { messages, run: latest.run }
}

/** The latest run as the database has it: a stream that has ended does not say why. */
export const latestRun = async (chatId: string): Promise<Run | null> =>
  (await loadConversation(chatId)).run

/** @returns whether the run will end as stopped; false when it has already ended */
export const stopRun = async (runId: string): Promise<boolean> =>
  (await request<{ stopped: boolean }>('/ai-chat/stop', { runId })).stopped

export const modelName = async (): Promise<string | undefined> =>
  (await request<{ model?: string }>('/healthz')).model

const request = async <Answer>(path: string, body?: object): Promise<Answer> => {
  const response = await fetch(path, {
    cache: 'no-store',
    ...(body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (!response.ok) throw new Refusal(response.status, await response.text())
  return (await response.json()) as Answer
}

const parseProblem = (body: string): { detail?: string; title?: string; code?: string } => {
  try {
    const problem: unknown = JSON.parse(body)
    return typeof problem === 'object' && problem !== null ? problem : {}
  } catch {
    // Not a problem but, say, the page of a proxy.
    return {}
  }
}
