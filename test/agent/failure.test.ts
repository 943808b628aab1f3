import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import {
  AISDKError,
  APICallError,
  DownloadError,
  InvalidPromptError,
  LoadAPIKeyError,
  LoadSettingError,
  NoSuchModelError,
  RetryError,
  ToolChoiceViolationError,
  UnsupportedFunctionalityError,
  type ModelMessage,
} from 'ai'
import { describe, expect, test } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { describeFailure } from '../../src/agent/failure.ts'
import { publicText } from '../../src/agent/public-text.ts'
import { retryAfterMs } from '../../src/agent/retry-after.ts'
import { coerceError, ConfigError } from '../../src/domain/errors.ts'
import type { ModelFailure } from '../../src/engine/ports.ts'
import {
  errorFrame,
  finish,
  garbage,
  raw,
  reset,
  startFakeProvider,
  status,
  text,
  truncate,
  type Turn,
} from '../support/fake-provider.ts'
import { firstStep } from '../support/prepared.ts'

const messages: ModelMessage[] = [{ role: 'user', content: 'Hello' }]
const context = { maxSteps: 5 }

/** What a call of the real provider package comes to. */
const failureAt = async (baseURL: string): Promise<ModelFailure | undefined> => {
  const model = createOpenAICompatible({ name: 'fake', baseURL, apiKey: 'sk-secret-key-123' })('m')
  const step = await firstStep(defineAgent({ name: 'test', model }), { messages })
  const { signal } = new AbortController()
  try {
    for await (const part of step.call(signal))
      if (part.type === 'error') return step.describeFailure(part.error)
  } catch (error) {
    return step.describeFailure(error)
  }
  return undefined
}

const failureOf = async (...turn: Turn): Promise<ModelFailure | undefined> => {
  await using provider = await startFakeProvider({ script: [turn] })
  return await failureAt(provider.url)
}

const body = (error: object) => ({ error })

const RATE_LIMITED = 'The model provider is limiting requests at the moment. Try again in a while.'
const NO_CREDIT =
  'The account at the model provider has no credit left. Check its plan and billing.'
const DENIED = 'The model provider denied access. Check the API key and what it may be used for.'
const BROKE_OFF = 'The connection to the model provider broke off before the answer was complete.'
const UNREADABLE = 'The model provider sent an answer that could not be read.'
const unavailable = (code: number) =>
  `The model provider is not available at the moment (HTTP ${code}). Try again in a while.`

describe('an answer of the provider with status', () => {
  test.each([
    ['429', status(429), 'provider_rate_limited', true, RATE_LIMITED],
    ['500', status(500), 'provider_unavailable', true, unavailable(500)],
    ['502', status(502, {}, '<html>Bad gateway'), 'provider_unavailable', true, unavailable(502)],
    ['503', status(503), 'provider_unavailable', true, unavailable(503)],
    ['529', status(529), 'provider_unavailable', true, unavailable(529)],
    ['408', status(408), 'provider_unavailable', true, unavailable(408)],
    ['409', status(409), 'provider_unavailable', true, unavailable(409)],
    ['401', status(401), 'provider_denied', false, DENIED],
    ['403', status(403), 'provider_denied', false, DENIED],
    ['402', status(402), 'provider_denied', false, NO_CREDIT],
    [
      '429 for want of money',
      status(429, {}, body({ message: 'Quota', type: 'insufficient_quota' })),
      'provider_denied',
      false,
      NO_CREDIT,
    ],
    [
      '400',
      status(400, {}, body({ message: 'max_tokens is too large.' })),
      'provider_rejected',
      false,
      'The model provider rejected the request (HTTP 400): max_tokens is too large.',
    ],
    [
      '404',
      status(404, {}, body({ message: 'The model `m` does not exist', code: 'model_not_found' })),
      'provider_rejected',
      false,
      'The model provider rejected the request (HTTP 404): The model `m` does not exist',
    ],
    [
      '422',
      status(422, {}, body({ message: 'Bad\n\tschema' })),
      'provider_rejected',
      false,
      'The model provider rejected the request (HTTP 422): Bad schema',
    ],
    [
      '413 and a page instead of JSON',
      status(413, {}, '<html>nginx at 10.0.0.7</html>'),
      'provider_rejected',
      false,
      'The model provider rejected the request (HTTP 413): Payload Too Large',
    ],
    [
      '400 and nothing else',
      status(400, {}, body({ message: '' })),
      'provider_rejected',
      false,
      'The model provider rejected the request (HTTP 400).',
    ],
  ])('%s', async (_name, turn, code, retryable, message) => {
    expect(await failureOf(turn)).toMatchObject({ code, retryable, message })
  })

  test.each([
    ['seconds', { 'retry-after': '7' }, 7_000],
    ['milliseconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1_500],
    [
      'a date',
      { 'retry-after': 'Wed, 21 Oct 2026 07:28:30 GMT', date: 'Wed, 21 Oct 2026 07:28:00 GMT' },
      30_000,
    ],
  ])('429 and Retry-After in %s says how long to wait', async (_unit, headers, wait) => {
    expect(await failureOf(status(429, headers))).toMatchObject({ retryAfterMs: wait })
    expect(await failureOf(status(503, headers))).toMatchObject({ retryAfterMs: wait })
  })

  test('429 without Retry-After leaves the wait to the engine', async () => {
    expect((await failureOf(status(429)))?.retryAfterMs).toBeUndefined()
  })
})

describe('a connection', () => {
  const freePort = async (): Promise<number> => {
    const server = createTcpServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }

  test('that is refused means unreachable', async () => {
    expect(await failureAt(`http://127.0.0.1:${await freePort()}/v1`)).toEqual({
      code: 'provider_unreachable',
      retryable: true,
      message: 'The model provider cannot be reached: it refuses connections.',
    })
  })

  test('whose other end does not speak TLS means unreachable, and trying again is useless', async () => {
    await using provider = await startFakeProvider()
    expect(await failureAt(provider.url.replace('http:', 'https:'))).toEqual({
      code: 'provider_unreachable',
      retryable: false,
      message:
        'The model provider cannot be reached: its TLS certificate or protocol is not accepted.',
    })
  })

  test('that is closed before an answer means unreachable', async () => {
    expect(await failureOf(reset())).toEqual({
      code: 'provider_unreachable',
      retryable: true,
      message: 'The model provider cannot be reached: the connection failed.',
    })
  })

  test('that breaks in an answer means a broken stream', async () => {
    expect(await failureOf(text('Hello'), reset())).toEqual({
      code: 'provider_broken_stream',
      retryable: true,
      message: BROKE_OFF,
    })
  })

  const withCode = (code: string, message = 'failed') => Object.assign(new Error(message), { code })
  const fetchFailed = (cause: Error) =>
    new APICallError({
      message: `Cannot connect to API: ${cause.message}`,
      url: 'https://user:pass@api.example.com/v1?key=1',
      requestBodyValues: {},
      cause,
      isRetryable: true,
    })

  test.each([
    ['ENOTFOUND', 'provider_unreachable', true, 'its host name is unknown'],
    ['EAI_AGAIN', 'provider_unreachable', true, 'its host name could not be looked up'],
    ['UND_ERR_CONNECT_TIMEOUT', 'provider_unreachable', true, 'the connection timed out'],
    ['CERT_HAS_EXPIRED', 'provider_unreachable', false, 'its TLS certificate'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'provider_unreachable', false, 'its TLS certificate'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'provider_unreachable', false, 'its TLS certificate'],
    ['UND_ERR_HEADERS_TIMEOUT', 'provider_stalled', true, 'stopped answering'],
    ['UND_ERR_BODY_TIMEOUT', 'provider_stalled', true, 'stopped answering'],
    ['E_SOMETHING_NEW', 'provider_unreachable', true, 'the connection failed'],
  ])('that fails with %s', (code, expected, retryable, sentence) => {
    const failure = describeFailure(fetchFailed(withCode(code)), context)
    expect(failure).toMatchObject({ code: expected, retryable })
    expect(failure.message).toContain(sentence)
  })

  test('error of a provider that does not wrap it', () => {
    const terminated = new TypeError('terminated', { cause: withCode('UND_ERR_SOCKET') })
    expect(describeFailure(terminated, context).code).toBe('provider_broken_stream')
    const refused = new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })
    expect(describeFailure(refused, context).code).toBe('provider_unreachable')
    const endless = withCode('ELOOP')
    endless.cause = endless
    expect(describeFailure(endless, context).code).toBe('agent_error')
  })

  test('that the provider gives up itself', () => {
    const closed = new DOMException('The operation was aborted.', 'AbortError')
    expect(describeFailure(closed, context).code).toBe('provider_broken_stream')
    const late = new DOMException('The operation timed out.', 'TimeoutError')
    expect(describeFailure(late, context).code).toBe('provider_stalled')
  })
})

describe('a stream', () => {
  test.each([
    ['that ends too early', [text('Hel'), truncate()], 'ended its answer before it was complete'],
    ['with garbage', [text('Hel'), garbage(), finish()], 'sent an answer that could not be read'],
    [
      'of another format',
      [raw('data: {"nothing": "known"}\n\n'), finish()],
      'sent an answer that could not be read',
    ],
    ['that is a page', [raw('<html></html>'), truncate()], 'ended its answer before'],
  ])('%s is broken', async (_name, turn, what) => {
    const failure = await failureOf(...turn)
    expect(failure).toMatchObject({ code: 'provider_broken_stream', retryable: true })
    expect(failure?.message).toContain(`The model provider ${what}`)
  })

  const frame = (error: object) => raw(`data: ${JSON.stringify({ error })}\n\n`)
  test.each([
    ['of no kind', errorFrame('Something odd'), 'provider_error', false],
    ['server_error', frame({ message: 'm', type: 'server_error' }), 'provider_unavailable', true],
    [
      'overloaded_error',
      frame({ message: 'm', type: 'overloaded_error' }),
      'provider_unavailable',
      true,
    ],
    ['503', frame({ message: 'm', code: 503 }), 'provider_unavailable', true],
    ['429', frame({ message: 'm', code: 429 }), 'provider_rate_limited', true],
    [
      'rate_limit_exceeded',
      frame({ message: 'm', code: 'rate_limit_exceeded' }),
      'provider_rate_limited',
      true,
    ],
    [
      'insufficient_quota',
      frame({ message: 'm', code: 'insufficient_quota' }),
      'provider_denied',
      false,
    ],
    ['invalid_api_key', frame({ message: 'm', code: 'invalid_api_key' }), 'provider_denied', false],
    [
      'invalid_request_error',
      frame({ message: 'm', type: 'invalid_request_error' }),
      'provider_rejected',
      false,
    ],
    [
      'context_length_exceeded',
      frame({ message: 'm', code: 'context_length_exceeded' }),
      'provider_rejected',
      false,
    ],
  ])('with an error %s', async (_name, turn, code, retryable) => {
    expect(await failureOf(text('Hel'), turn)).toMatchObject({ code, retryable })
  })

  test('with an error repeats what the provider says about it', async () => {
    expect((await failureOf(errorFrame('Something odd')))?.message).toBe(
      'The model provider reported an error: Something odd',
    )
  })
})

describe('errors that need no provider', () => {
  const violation = (toolChoice: ToolChoiceViolationError['toolChoice']) =>
    new ToolChoiceViolationError({
      toolChoice,
      finishReason: 'tool-calls',
      provider: 'p',
      modelId: 'm',
      content: [],
    })
  const download = new DownloadError({ url: 'http://10.0.0.1/x?sig=1', statusCode: 403 })

  test.each<[string, unknown, Partial<ModelFailure>]>([
    [
      'tools in the last step',
      violation({ type: 'none' }),
      { code: 'max_steps', message: 'The agent reached its limit of 5 steps without an answer.' },
    ],
    [
      'no tool where one is required',
      violation({ type: 'required' }),
      {
        code: 'provider_error',
        message: 'The model did not call the tool that the agent requires.',
      },
    ],
    [
      'an unknown model',
      new NoSuchModelError({ modelId: 'x', modelType: 'languageModel' }),
      {
        code: 'provider_rejected',
        message: 'The model provider rejected the request: No such languageModel: x',
      },
    ],
    [
      'something that the model cannot do',
      new UnsupportedFunctionalityError({ functionality: 'file part media type video/mp4' }),
      {
        code: 'provider_rejected',
        message:
          "The model provider rejected the request: 'file part media type video/mp4' functionality not supported.",
      },
    ],
    [
      'a missing key',
      new LoadAPIKeyError({ message: 'Acme API key is missing. Set ACME_API_KEY.' }),
      {
        code: 'provider_denied',
        message:
          'The key for the model provider is missing: Acme API key is missing. Set ACME_API_KEY.',
      },
    ],
    [
      'a missing setting',
      new LoadSettingError({ message: 'Set ACME_REGION.' }),
      { code: 'agent_error', message: 'The model is not set up correctly: Set ACME_REGION.' },
    ],
    [
      'a conversation that cannot be sent',
      new InvalidPromptError({ prompt: { secret: 1 }, message: 'messages must not be empty' }),
      {
        code: 'agent_error',
        message: 'The conversation could not be turned into a request for the model.',
      },
    ],
    [
      'a file that cannot be downloaded',
      download,
      { code: 'agent_error', message: 'A file of the conversation could not be downloaded.' },
    ],
    [
      'another error of the SDK',
      new AISDKError({ name: 'X', message: 'Odd' }),
      {
        code: 'provider_error',
        message: 'The model provider reported an error: Odd',
      },
    ],
    [
      'an error of ours',
      new ConfigError('Set this.'),
      { code: 'agent_error', message: 'The agent failed: Set this.' },
    ],
    [
      "an error of the agent's code",
      new TypeError('cannot read postgres://user:pw@db'),
      {
        code: 'agent_error',
        message: 'The agent failed because of an error in its own code (TypeError).',
      },
    ],
    [
      'broken JSON',
      new SyntaxError('Unexpected token'),
      { code: 'provider_broken_stream', message: UNREADABLE },
    ],
    [
      'a text',
      'no luck',
      { code: 'provider_error', message: 'The model provider reported an error: no luck' },
    ],
    [
      'a text that was wrapped',
      coerceError('no luck'),
      { code: 'provider_error', message: 'The model provider reported an error: no luck' },
    ],
    [
      'an object',
      { kind: 'odd' },
      { code: 'provider_error', message: 'The model provider reported an error.' },
    ],
    [
      'nothing',
      undefined,
      { code: 'provider_error', message: 'The model provider reported an error.' },
    ],
  ])('%s', (_name, error, expected) => {
    expect(describeFailure(error, context)).toMatchObject(expected)
  })

  test('retries of the SDK are described by their last error', () => {
    const last = new APICallError({
      message: 'm',
      url: 'u',
      requestBodyValues: {},
      statusCode: 503,
    })
    const error = new RetryError({
      message: 'Failed',
      reason: 'maxRetriesExceeded',
      errors: [last],
    })
    expect(describeFailure(error, context).code).toBe('provider_unavailable')
  })

  test('a model that calls tools although its agent never allows it has not reached a limit', () => {
    const error = violation({ type: 'none' })
    expect(describeFailure(error, { maxSteps: 5, neverTools: true }).code).toBe('provider_error')
  })
})

describe('what people are shown', () => {
  test.each([
    ['line\n breaks \u0000and\tcontrol', 'line breaks and control'],
    ['Incorrect API key provided: sk-proj-abcdefgh', 'Incorrect API key provided: [hidden]'],
    ['bad header Authorization: Bearer abc.def', 'bad header Authorization: Bearer [hidden]'],
    ['api_key=abcdef1 and token: "xyz"', 'api_key=[hidden] and token: "[hidden]"'],
    [
      'at https://user:pw@api.example.com/v1/x?key=abc#f, see docs',
      'at https://api.example.com/v1/x see docs',
    ],
    ['id aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW', 'id [hidden]'],
    [
      'model accounts/acme/models/llama-v3p1-405b-instruct-long-context-2024-07-18',
      'model accounts/acme/models/llama-v3p1-405b-instruct-long-context-2024-07-18',
    ],
    ['   ', ''],
  ])('of %j is %j', (given, shown) => {
    expect(publicText(given)).toBe(shown)
  })

  test('has at most 300 characters and no half of one', () => {
    const shown = publicText('😀'.repeat(400))
    expect(shown.length).toBeLessThanOrEqual(300)
    expect(shown.endsWith('😀…')).toBe(true)
    expect(shown.isWellFormed()).toBe(true)
  })

  test('never holds the key that the provider repeats', async () => {
    const echo = status(400, {}, body({ message: 'Key sk-secret-key-123 may not do this' }))
    const failure = await failureOf(echo)
    expect(failure?.message).toBe(
      'The model provider rejected the request (HTTP 400): Key [hidden] may not do this',
    )
  })
})

test.each([
  [{}, undefined],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '-5' }, undefined],
  [{ 'retry-after': '' }, undefined],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after-ms': 'NaN', 'retry-after': '2' }, 2_000],
  [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT', date: 'Wed, 21 Oct 2015 08:00:00 GMT' }, 0],
])('the wait that %j asks for is %s ms', (headers, wait) => {
  expect(retryAfterMs(headers)).toBe(wait)
})
