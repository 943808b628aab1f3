/** The paths of the HTTP interface, for the server's router and for clients. */

/** Everything but the page and the health check lies under it; it is also the `api` of a `useChat` transport. */
export const API_PATH = '/ai-chat'

/** Patterns with `:name` for a path segment. */
export const ROUTES = {
  start: API_PATH,
  startStream: `${API_PATH}/stream`,
  stop: `${API_PATH}/stop`,
  run: `${API_PATH}/run`,
  runStream: `${API_PATH}/runs/:runId/stream`,
  decisions: `${API_PATH}/runs/:runId/decisions`,
  chatStream: `${API_PATH}/:chatId/stream`,
  follow: `${API_PATH}/follow`,
  chatFollow: `${API_PATH}/:chatId/follow`,
  seen: `${API_PATH}/:chatId/seen`,
  tickets: `${API_PATH}/tickets`,
  session: `${API_PATH}/session`,
  chats: `${API_PATH}/chats`,
  chat: `${API_PATH}/:chatId`,
  messages: `${API_PATH}/:chatId/messages`,
  overview: `${API_PATH}/overview`,
  files: `${API_PATH}/files`,
  file: `${API_PATH}/files/:fileId`,
  exportChat: `${API_PATH}/:chatId/export`,
  runs: `${API_PATH}/runs`,
  stopRuns: `${API_PATH}/runs/stop`,
  runRecord: `${API_PATH}/runs/:runId`,
  steps: `${API_PATH}/runs/:runId/steps`,
  prompt: `${API_PATH}/runs/:runId/steps/:stepIndex/prompt`,
  openapi: `${API_PATH}/openapi.json`,
  health: '/healthz',
  ready: '/readyz',
} as const

/** On each stream: the run that it is of. */
export const RUN_HEADER = 'x-outlast-run'
/** On the answer to a POST: `true` when the run ends with this connection. */
export const BOUND_HEADER = 'x-outlast-bound'

type ParamOf<Route extends string> = Route extends `${string}:${infer Rest}`
  ? Rest extends `${infer Name}/${infer More}`
    ? Name | ParamOf<More>
    : Rest
  : never

/** @example pathOf(ROUTES.messages, { chatId: 'a' }) // '/ai-chat/a/messages' */
export const pathOf = <Route extends string>(
  route: Route,
  params: Readonly<Record<ParamOf<Route>, string>>,
): string =>
  route.replace(/:(\w+)/g, (_match, name: string) =>
    encodeURIComponent((params as Readonly<Record<string, string>>)[name] ?? ''),
  )
