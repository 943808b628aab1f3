/** What a broken model call means for a run: a code, a sentence for people without secrets, and whether to try again. */
import * as sdk from 'ai'
import {
  AISDKError,
  APICallError,
  DownloadError,
  EmptyResponseBodyError,
  InvalidDataContentError,
  InvalidMessageRoleError,
  InvalidPromptError,
  InvalidResponseDataError,
  InvalidStreamPartError,
  JSONParseError,
  LoadAPIKeyError,
  LoadSettingError,
  MessageConversionError,
  NoSuchModelError,
  RetryError,
  TypeValidationError,
  UnsupportedFunctionalityError,
  type StreamProviderError,
  type ToolChoiceViolationError,
} from 'ai'
import { InvariantError, OutlastError } from '../domain/errors.ts'
import type { ModelFailure } from '../engine/ports.ts'
import { describeConnection } from './connection-failure.ts'
import { bodyRetryAfterMs, saysNoCredit, saysWrongKey } from './error-body.ts'
import { publicText } from './public-text.ts'
import { retryAfterMs } from './retry-after.ts'

export type FailureContext = {
  readonly maxSteps: number
  /** Whether the agent itself forbids its model to call tools, in every step. */
  readonly neverTools?: boolean
}

/** Describes whatever a model call threw or had in an `error` part; the first that applies. */
export const describeFailure = (error: unknown, context: FailureContext): ModelFailure => {
  if (RetryError.isInstance(error)) return describeFailure(error.lastError, context)
  // Something that is no Error was thrown, and wrapped on its way here.
  if (error instanceof InvariantError && error.cause) return describeFailure(error.cause, context)
  return (
    describeViolation(error, context) ??
    describeStatus(error) ??
    describeConnection(error) ??
    describeKind(error) ??
    describeClass(error) ??
    describeRest(error)
  )
}

/** As `isInstance` of a class that not every supported version of the AI SDK exports. */
const isOfClass = <Class>(name: string, error: unknown): error is Class =>
  typeof error === 'object' && error !== null && Symbol.for(`vercel.ai.error.${name}`) in error

const describeViolation = (
  error: unknown,
  { maxSteps, neverTools }: FailureContext,
): ModelFailure | undefined => {
  if (!isOfClass<ToolChoiceViolationError>('AI_ToolChoiceViolationError', error)) return undefined
  if (error.toolChoice.type === 'none' && !neverTools) {
    return {
      code: 'max_steps',
      message: `The agent reached its limit of ${maxSteps} steps without an answer.`,
      retryable: false,
    }
  }
  const message =
    error.toolChoice.type === 'none'
      ? 'The model called a tool although the agent does not allow it.'
      : 'The model did not call the tool that the agent requires.'
  return { code: 'provider_error', message, retryable: false }
}

/* HTTP answers, and errors inside a stream that carry the same numbers */

const describeStatus = (error: unknown): ModelFailure | undefined => {
  const status = statusOf(error)
  if (status === undefined || status < 300 || DownloadError.isInstance(error)) return undefined
  const retryAfter = retryAfterMs(headersOf(error)) ?? bodyRetryAfterMs(error)
  if (status === 402 || (status === 429 && hasNoCredit(error))) return NO_CREDIT
  if (status === 400 && saysNoCredit(error)) return NO_CREDIT
  if (status === 429) return { ...RATE_LIMITED, retryAfterMs: retryAfter }
  if (status === 408 || status === 409 || status >= 500) {
    return { ...unavailable(` (HTTP ${status})`), retryAfterMs: retryAfter }
  }
  if (status === 401 || status === 403 || saysWrongKey(error)) return DENIED
  if (status >= 400) return rejected(error, ` (HTTP ${status})`)
  return providerError(error, ` (HTTP ${status})`)
}

const statusOf = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  return typeof error.statusCode === 'number' ? error.statusCode : undefined
}

const headersOf = (error: unknown): Record<string, string> =>
  APICallError.isInstance(error) ? (error.responseHeaders ?? {}) : {}

const hasNoCredit = (error: unknown): boolean => NO_CREDIT_KIND.test(kindOf(error))

/* Errors inside a stream without a number: their machine-readable type and code */

const NO_CREDIT_KIND = /insufficient_quota|insufficient_(?:balance|credits?|funds)|billing|payment/

const describeKind = (error: unknown): ModelFailure | undefined => {
  const kind = kindOf(error)
  if (kind === '') return undefined
  if (NO_CREDIT_KIND.test(kind)) return NO_CREDIT
  if (/rate_?limit|too_many_requests|throttl|resource_exhausted/.test(kind)) return RATE_LIMITED
  if (/overload|unavailable|server_error|api_error|internal|timeout/.test(kind))
    return unavailable('')
  if (/authentic|permission|unauthorized|forbidden|api_key/.test(kind)) return DENIED
  if (/invalid|not_found|not_supported|context_length|bad_request|unprocessable/.test(kind)) {
    return rejected(error, '')
  }
  return undefined
}

const kindOf = (error: unknown): string => {
  const data = APICallError.isInstance(error) ? bodyErrorOf(error.data) : error
  if (
    !APICallError.isInstance(error) &&
    !isOfClass<StreamProviderError>('AI_StreamProviderError', error)
  )
    return ''
  const { type, code } = (data ?? {}) as { type?: unknown; code?: unknown }
  const words = [type, code].filter((word) => typeof word === 'string')
  return words.join(' ').toLowerCase()
}

const bodyErrorOf = (body: unknown): unknown =>
  typeof body === 'object' && body !== null && 'error' in body ? body.error : body

/* The AI SDK's own classes */

type Class = { isInstance(error: unknown): boolean }

const describeClass = (error: unknown): ModelFailure | undefined =>
  CLASSES.find(([classes]) => classes.some((one) => one.isInstance(error)))?.[1](error)

const CLASSES: readonly (readonly [readonly Class[], (error: unknown) => ModelFailure])[] = [
  [
    [JSONParseError, TypeValidationError, InvalidStreamPartError],
    () => broken('sent an answer that could not be read'),
  ],
  [
    [InvalidResponseDataError, EmptyResponseBodyError],
    () => broken('ended its answer before it was complete'),
  ],
  // What is left of these came with a good status, from a body that could not be read.
  [[APICallError], () => broken('sent an answer that could not be read')],
  [[LoadAPIKeyError], (error) => ({ ...DENIED, message: withDetail(NO_KEY, error) })],
  [[NoSuchModelError, UnsupportedFunctionalityError], (error) => rejected(error, '')],
  [
    [
      InvalidPromptError,
      InvalidDataContentError,
      InvalidMessageRoleError,
      MessageConversionError,
      // Not by its name: older versions lack it, and would keep everything of Outlast from being imported.
      sdk.MissingToolResultsError,
    ],
    () => agentError('The conversation could not be turned into a request for the model.'),
  ],
  [[DownloadError], () => agentError('A file of the conversation could not be downloaded.')],
  [
    [LoadSettingError],
    (error) => agentError(withDetail('The model is not set up correctly', error)),
  ],
  [[AISDKError], (error) => providerError(error, '')],
]

/* Anything else */

const describeRest = (error: unknown): ModelFailure => {
  if (error instanceof SyntaxError) return broken('sent an answer that could not be read')
  if (error instanceof OutlastError) return agentError(withDetail('The agent failed', error))
  if (error instanceof Error) {
    // The message of an unknown error may hold anything, also what nobody may see.
    const name = /^\w{1,60}$/.test(error.name) ? error.name : 'Error'
    return agentError(`The agent failed because of an error in its own code (${name}).`)
  }
  return providerError(error, '')
}

const NO_KEY = 'The key for the model provider is missing'

const RATE_LIMITED: ModelFailure = {
  code: 'provider_rate_limited',
  message: 'The model provider is limiting requests at the moment. Try again in a while.',
  retryable: true,
}

const NO_CREDIT: ModelFailure = {
  code: 'provider_denied',
  message: 'The account at the model provider has no credit left. Check its plan and billing.',
  retryable: false,
}

const DENIED: ModelFailure = {
  code: 'provider_denied',
  message: 'The model provider denied access. Check the API key and what it may be used for.',
  retryable: false,
}

const unavailable = (detail: string): ModelFailure => ({
  code: 'provider_unavailable',
  message: `The model provider is not available at the moment${detail}. Try again in a while.`,
  retryable: true,
})

const broken = (what: string): ModelFailure => ({
  code: 'provider_broken_stream',
  message: `The model provider ${what}.`,
  retryable: true,
})

const rejected = (error: unknown, detail: string): ModelFailure => ({
  code: 'provider_rejected',
  message: withDetail(`The model provider rejected the request${detail}`, error),
  retryable: false,
})

const providerError = (error: unknown, detail: string): ModelFailure => ({
  code: 'provider_error',
  message: withDetail(`The model provider reported an error${detail}`, error),
  retryable: false,
})

const agentError = (message: string): ModelFailure => ({
  code: 'agent_error',
  message,
  retryable: false,
})

/** The provider's own words after ours, when it has any. */
const withDetail = (sentence: string, error: unknown): string => {
  const text = publicText(messageOf(error))
  return text === '' ? `${sentence}.` : `${sentence}: ${text}`
}

const messageOf = (error: unknown): string => {
  if (typeof error === 'string') return error
  const { message } = (error ?? {}) as { message?: unknown }
  return typeof message === 'string' ? message : ''
}
