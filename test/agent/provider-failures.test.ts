/** What the errors of each provider come to, as their documentations show them, through their real packages. */
import type { ModelMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import type { ModelFailure } from '../../src/engine/ports.ts'
import { firstStep } from '../support/prepared.ts'
import { PROVIDERS, type ProviderName } from '../support/providers/all.ts'
import { startProvider } from '../support/providers/server.ts'
import { type Answer, cut, error, status, text } from '../support/providers/words.ts'

const messages: ModelMessage[] = [{ role: 'user', content: 'Hello' }]
const KEY = 'sk-test-0123456789abcdef0123456789abcdef'

const failureOf = async (name: ProviderName, answer: Answer): Promise<ModelFailure | undefined> => {
  await using server = await startProvider(PROVIDERS[name].wire(), [answer])
  const definition = defineAgent({ name: 'test', model: PROVIDERS[name].model(server.url) })
  const { call, describeFailure } = await firstStep(definition, { messages })
  try {
    for await (const part of call(new AbortController().signal))
      if (part.type === 'error') return describeFailure(part.error)
  } catch (thrown) {
    return describeFailure(thrown)
  }
  return undefined
}

const openai = (message: string, type: string, code: string | null = null) => ({
  error: { message, type, param: null, code },
})
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message } })
const google = (code: number, state: string, message: string, details: unknown[] = []) => ({
  error: { code, message, status: state, details },
})

const OPENAI: ProviderName = 'OpenAI, stored'

const CASES: readonly [ProviderName, string, Answer, Partial<ModelFailure>][] = [
  [
    OPENAI,
    'a wrong key',
    [
      status(
        401,
        openai(`Incorrect API key provided: ${KEY}.`, 'invalid_request_error', 'invalid_api_key'),
      ),
    ],
    { code: 'provider_denied', retryable: false },
  ],
  [
    OPENAI,
    'a rate limit',
    [
      status(429, openai('Rate limit reached', 'requests', 'rate_limit_exceeded'), {
        'retry-after': '3',
      }),
    ],
    { code: 'provider_rate_limited', retryable: true, retryAfterMs: 3000 },
  ],
  [
    OPENAI,
    'a quota that is used up',
    [
      status(
        429,
        openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'),
      ),
    ],
    { code: 'provider_denied', retryable: false },
  ],
  [
    OPENAI,
    'a context that is too long',
    [
      status(
        400,
        openai(
          'Your input exceeds the context window.',
          'invalid_request_error',
          'context_length_exceeded',
        ),
      ),
    ],
    { code: 'provider_rejected', retryable: false },
  ],
  [
    OPENAI,
    'an error event in the stream',
    [
      text('Hal'),
      error({
        type: 'error',
        sequence_number: 9,
        code: 'server_error',
        message: 'Sorry',
        param: null,
      }),
      cut,
    ],
    { code: 'provider_unavailable', retryable: true },
  ],
  [
    OPENAI,
    'a response that failed',
    [
      text('Hal'),
      error({
        type: 'response.failed',
        sequence_number: 9,
        response: {
          id: 'resp_1',
          status: 'failed',
          error: { code: 'rate_limit_exceeded', message: 'Slow down' },
        },
      }),
      cut,
    ],
    { code: 'provider_rate_limited', retryable: true },
  ],
  [
    'Anthropic',
    'a wrong key',
    [status(401, anthropic('authentication_error', `invalid x-api-key ${KEY}`))],
    { code: 'provider_denied', retryable: false },
  ],
  [
    'Anthropic',
    'a rate limit',
    [
      status(429, anthropic('rate_limit_error', 'This request would exceed your limit'), {
        'retry-after': '12',
      }),
    ],
    { code: 'provider_rate_limited', retryable: true, retryAfterMs: 12_000 },
  ],
  [
    'Anthropic',
    'an overload',
    [status(529, anthropic('overloaded_error', 'Overloaded'))],
    { code: 'provider_unavailable', retryable: true },
  ],
  [
    'Anthropic',
    'an overload in the stream',
    [text('Hal'), error(anthropic('overloaded_error', 'Overloaded')), cut],
    { code: 'provider_unavailable', retryable: true },
  ],
  [
    'Anthropic',
    'a credit that is used up',
    [
      status(
        400,
        anthropic(
          'invalid_request_error',
          'Your credit balance is too low to access the Anthropic API.',
        ),
      ),
    ],
    { code: 'provider_denied', retryable: false },
  ],
  [
    'Anthropic',
    'a billing error',
    [status(402, anthropic('billing_error', 'Please check your billing.'))],
    { code: 'provider_denied', retryable: false },
  ],
  [
    'Anthropic',
    'a context that is too long',
    [
      status(
        400,
        anthropic('invalid_request_error', 'prompt is too long: 212345 tokens > 200000 maximum'),
      ),
    ],
    { code: 'provider_rejected', retryable: false },
  ],
  [
    'Google',
    'a wrong key',
    [
      status(
        400,
        google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
          { reason: 'API_KEY_INVALID' },
        ]),
      ),
    ],
    { code: 'provider_denied', retryable: false },
  ],
  [
    'Google',
    'a key that may not',
    [status(403, google(403, 'PERMISSION_DENIED', 'Your project has been denied access.'))],
    { code: 'provider_denied', retryable: false },
  ],
  [
    'Google',
    'a rate limit, with the wait in its body',
    [
      status(
        429,
        google(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota.', [
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '17s' },
        ]),
      ),
    ],
    { code: 'provider_rate_limited', retryable: true, retryAfterMs: 17_000 },
  ],
  [
    'Google',
    'an overload',
    [status(503, google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'))],
    { code: 'provider_unavailable', retryable: true },
  ],
  [
    'Google',
    'a context that is too long',
    [
      status(
        400,
        google(
          400,
          'INVALID_ARGUMENT',
          'The input token count exceeds the maximum number of tokens allowed.',
        ),
      ),
    ],
    { code: 'provider_rejected', retryable: false },
  ],
  [
    'Google',
    'an error in the stream',
    [text('Hal'), error(google(503, 'UNAVAILABLE', 'Overloaded')), cut],
    { code: 'provider_unavailable', retryable: true },
  ],
]

describe('a failure of the provider', () => {
  it.each(CASES)('%s: %s', async (name, _what, answer, expected) => {
    const failure = await failureOf(name, answer)
    expect(failure).toMatchObject(expected)
    expect(failure!.message).not.toContain(KEY)
  })
})
