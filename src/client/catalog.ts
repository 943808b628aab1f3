/** Chats, runs and files of the user, as the server lists and keeps them. */
import type { UIMessage } from 'ai'
import type { RunStatus, RunTrigger } from '../domain/run.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import type { Http } from './http.ts'
import type {
  ChatSummary,
  Decision,
  MessageStatus,
  RunDetails,
  RunHold,
  RunSummary,
  Step,
  StepPrompt,
  UploadedFile,
} from './types.ts'

type Signalled = { readonly signal?: AbortSignal }
type Paged = Signalled & { readonly limit?: number; readonly after?: string }
type Slice = Signalled & { readonly limit?: number; readonly before?: string }

/** A history without the answer in progress, which `activeRun` names. */
export type History<MESSAGE extends UIMessage> = {
  readonly messages: MESSAGE[]
  readonly activeRun: RunSummary | null
  /** There are earlier messages: those before this one. */
  readonly before?: string
}

/** @throws from each: ChatNotFoundError, MessageNotFoundError, ConnectionLostError, ... */
export const chatsOf = <MESSAGE extends UIMessage>(http: Http) => ({
  /** Newest turn first. */
  list: ({ signal, ...query }: Paged & { readonly query?: string } = {}) =>
    http.json<{ chats: ChatSummary[]; after?: string }>(ROUTES.chats, { query, signal }),
  open: (chatId: string, { signal, ...query }: Slice = {}) =>
    http.json<History<MESSAGE> & { chat: ChatSummary }>(pathOf(ROUTES.chat, { chatId }), {
      query,
      signal,
    }),
  /** The same without the chat; an unknown chat is an empty one, so that the page of a new chat works. */
  messages: (chatId: string, { signal, ...query }: Slice = {}) =>
    http.json<History<MESSAGE>>(pathOf(ROUTES.messages, { chatId }), { query, signal }),
  /** Null: the title that its first message gives it. */
  rename: async (chatId: string, title: string | null): Promise<ChatSummary> => {
    const path = pathOf(ROUTES.chat, { chatId })
    const { chat } = await http.json<{ chat: ChatSummary }>(path, {
      method: 'PATCH',
      json: { title },
    })
    return chat
  },
  /** Stops its run and removes everything that is known of it. */
  remove: async (chatId: string): Promise<void> => {
    await http.send(pathOf(ROUTES.chat, { chatId }), { method: 'DELETE' })
  },
  /** As Markdown. */
  export: async (chatId: string): Promise<string> =>
    (await http.send(pathOf(ROUTES.exportChat, { chatId }))).text(),
  /** The user has seen how this run ended: its chat is not `unread` any more. */
  seen: async (chatId: string, runId: string): Promise<ChatSummary> => {
    const path = pathOf(ROUTES.seen, { chatId })
    const { chat } = await http.json<{ chat: ChatSummary }>(path, {
      method: 'POST',
      json: { runId },
    })
    return chat
  },
})

export type RunFilter = {
  /** States, also `active` and `settled`. */
  readonly status?: readonly (RunStatus | 'active' | 'settled')[]
  readonly trigger?: RunTrigger
  readonly agent?: string
  readonly chat?: string
  /** Begun at this time or later, and before that one; ISO 8601. */
  readonly from?: string
  readonly to?: string
  /** The code of the error that runs failed with. */
  readonly error?: string
  /** In millionths of the currency of the agent's prices. */
  readonly minCost?: number
}

type Answer<MESSAGE> = (MESSAGE & { readonly status: MessageStatus }) | null

/** @throws from each: RunNotFoundError, StepNotFoundError, NotWaitingError, ConnectionLostError, ... */
export const runsOf = <MESSAGE extends UIMessage>(http: Http) => ({
  /** Newest first. */
  list: ({ signal, status, ...query }: Paged & RunFilter = {}) =>
    http.json<{ runs: RunDetails[]; after?: string }>(ROUTES.runs, {
      query: { ...query, status: status?.join(',') },
      signal,
    }),
  /** A run, its answer as far as it is, and who had it in hand. */
  find: (runId: string, { signal }: Signalled = {}) =>
    http.json<{ run: RunDetails; message: Answer<MESSAGE>; holds: RunHold[] }>(
      pathOf(ROUTES.runRecord, { runId }),
      { signal },
    ),
  /** The latest run of a chat and its answer; both null for a chat without a run. */
  latest: (chatId: string, { signal }: Signalled = {}) =>
    http.json<{ run: RunSummary | null; message: Answer<MESSAGE> }>(ROUTES.run, {
      method: 'POST',
      json: { chatId },
      signal,
    }),
  steps: async (runId: string, { signal }: Signalled = {}): Promise<Step[]> =>
    (await http.json<{ steps: Step[] }>(pathOf(ROUTES.steps, { runId }), { signal })).steps,
  /** What a step told its model. */
  prompt: (runId: string, stepIndex: number, { signal }: Signalled = {}) =>
    http.json<StepPrompt>(pathOf(ROUTES.prompt, { runId, stepIndex: String(stepIndex) }), {
      signal,
    }),
  /** Asks up to 100 runs to stop. @returns those that will settle as `aborted` */
  stop: async (runIds: readonly string[]): Promise<string[]> => {
    const { stopped } = await http.json<{ stopped: string[] }>(ROUTES.stopRuns, {
      method: 'POST',
      json: { runIds },
    })
    return stopped
  },
  /** Decides about calls that the run waits for; it goes on when none is left. */
  decide: async (runId: string, decisions: readonly Decision[]): Promise<RunSummary> => {
    const path = pathOf(ROUTES.decisions, { runId })
    const { run } = await http.json<{ run: RunSummary }>(path, {
      method: 'POST',
      json: { decisions },
    })
    return run
  },
})

export const filesOf = (http: Http) => ({
  /** Keeps a file; a message refers to it by its `url`. */
  upload: (
    content: Blob | ArrayBuffer | Uint8Array<ArrayBuffer>,
    {
      filename,
      mediaType = content instanceof Blob ? content.type : '',
      signal,
    }: Signalled & { readonly filename?: string; readonly mediaType?: string } = {},
  ): Promise<UploadedFile> =>
    http.json<UploadedFile>(ROUTES.files, {
      method: 'POST',
      body: content,
      headers: { 'content-type': mediaType || 'application/octet-stream' },
      query: { filename },
      signal,
    }),
})
