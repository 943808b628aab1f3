/** The wire of Outlast, safe for browsers: paths, bodies, server-sent events, problems. */
export { API_PATH, pathOf, ROUTES } from './routes.ts'
export {
  MAX_MESSAGES,
  parseChatBody,
  parseChatId,
  parseStop,
  parseTurn,
  type TurnBody,
} from './schemas.ts'
export { encodeSse, SSE_DONE, SSE_HEADERS, SSE_KEEP_ALIVE } from './sse.ts'
export { readSse, SseDecoder, type SseMessage } from './sse-decoder.ts'
export { PROBLEM_TYPE, problemOf, type Problem } from './problem.ts'
export { INTERRUPTED_CALL, INTERRUPTED_INPUT, NOT_EXECUTED } from '../domain/step.ts'
export {
  formatStreamPosition,
  parseStreamPosition,
  type StreamPosition,
} from './stream-position.ts'
