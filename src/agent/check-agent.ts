/** Checks of an agent's options; each refuses with a sentence that says what to set. */
import type { LanguageModelCallOptions } from 'ai'
import type { Prices } from '../domain/cost.ts'
import { AgentDefinitionError } from '../domain/errors.ts'
import type { AgentOptions, OutlastToolSet } from './agent-options.ts'

type Refuse = (reason: string) => never

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/

export const checkName = (options: unknown): string => {
  const refuse: Refuse = (reason) => {
    throw new AgentDefinitionError(reason)
  }
  if (typeof options !== 'object' || options === null) {
    return refuse('defineAgent wants one object: defineAgent({ name, model, ... }).')
  }
  const { name, id } = options as { name?: unknown; id?: unknown }
  if (name !== undefined && id !== undefined && name !== id) {
    refuse('An agent has one name: set `name`, not `id` as well.')
  }
  const given = name ?? id
  if (given === undefined) refuse('An agent needs a name: defineAgent({ name: "support", ... }).')
  if (typeof given !== 'string' || !NAME.test(given)) {
    return refuse(
      `The name of an agent is up to 64 letters, digits, "_", ".", ":" or "-", beginning with a letter or digit; it is ${show(given)}.`,
    )
  }
  return given
}

export const checkModel = (model: unknown, refuse: Refuse): void => {
  if (model === undefined || model === null) {
    refuse('a model is missing. Set model to a language model of an AI SDK provider.')
  }
  if (typeof model === 'string') {
    refuse(
      `the model is the bare string ${show(model)}, which would need the AI Gateway. Pass a model object of a provider, such as createOpenAICompatible({ ... })(${show(model)}).`,
    )
  }
  const { specificationVersion, doStream } = model as Record<string, unknown>
  if (typeof doStream !== 'function') {
    refuse('the model is not a language model of the AI SDK: it has no doStream method.')
  }
  if (!['v2', 'v3', 'v4'].includes(specificationVersion as string)) {
    refuse(
      `the model has the specification version ${show(specificationVersion)}; supported are v2, v3 and v4. Update its provider package.`,
    )
  }
}

export const checkInstructions = (instructions: unknown, refuse: Refuse): void => {
  if (instructions === undefined) return
  const messages = Array.isArray(instructions) ? instructions : [instructions]
  for (const message of messages as unknown[]) {
    const text = typeof message === 'string' ? message : contentOf(message)
    if (text === undefined || (Array.isArray(instructions) && typeof message === 'string')) {
      refuse(
        'instructions are a string, or one or more messages { role: "system", content: string }.',
      )
    }
    // Strict providers refuse a system message that says nothing.
    if (text?.trim() === '') refuse('the instructions are empty. Write some, or leave them out.')
  }
}

const contentOf = (message: unknown): string | undefined => {
  const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown }
  return role === 'system' && typeof content === 'string' ? content : undefined
}

type Limits = { readonly least: number; readonly most: number; readonly standard: number }

export const count = (
  name: string,
  value: unknown,
  { least, most, standard }: Limits,
  refuse: Refuse,
): number => {
  if (value === undefined) return standard
  if (isInteger(value) && value >= least && value <= most) return value
  return refuse(`${name} is a whole number from ${least} to ${most}; it is ${show(value)}.`)
}

/** Timers take no more. */
const MAX_MS = 2_147_483_647

export const milliseconds = (
  name: string,
  value: unknown,
  standard: number,
  refuse: Refuse,
): number => count(name, value, { least: 1, most: MAX_MS, standard }, refuse)

const REASONING = ['provider-default', 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']

type Check = readonly [what: string, holds: (value: unknown) => boolean]

const NUMBER: Check = ['a number', Number.isFinite]

const CALL_SETTINGS: Record<keyof LanguageModelCallOptions, Check> = {
  maxOutputTokens: ['a whole number from 1', (value) => isInteger(value) && value >= 1],
  temperature: NUMBER,
  topP: NUMBER,
  topK: NUMBER,
  presencePenalty: NUMBER,
  frequencyPenalty: NUMBER,
  seed: ['a whole number', (value) => isInteger(value)],
  stopSequences: ['an array of strings', (value) => Array.isArray(value) && value.every(isText)],
  reasoning: [`one of ${REASONING.join(', ')}`, (value) => REASONING.includes(value as string)],
}

export const CALL_SETTING_NAMES = Object.keys(CALL_SETTINGS) as (keyof LanguageModelCallOptions)[]

const FUNCTION: Check = ['a function', (value) => typeof value === 'function']
const OBJECT: Check = ['an object', (value) => isObject(value)]
const BOOLEAN: Check = ['true or false', (value) => typeof value === 'boolean']

const OTHER_SETTINGS = {
  headers: [
    'an object of strings',
    (value) =>
      isObject(value) && Object.values(value).every((text) => text === undefined || isText(text)),
  ],
  providerOptions: [
    'an object with one object per provider',
    (value) => isObject(value) && Object.values(value).every(isObject),
  ],
  output: [
    'made by Output of the AI SDK, such as Output.object({ schema })',
    (value) => isObject(value) && 'responseFormat' in value,
  ],
  stopWhen: [
    'a stop condition such as isStepCount(5), or an array of them',
    (value) => [value].flat().every((one) => typeof one === 'function'),
  ],
  prices: [
    '{ inputPerMillion, outputPerMillion, cachedInputPerMillion?, cacheWritePerMillion? }, numbers from 0',
    (value) => isObject(value) && arePrices({ ...value }),
  ],
  mcp: [
    'what mcpServers({ ... }) gives, awaited',
    (value) => isObject(value) && 'owns' in value && 'absent' in value,
  ],
  callOptionsSchema: ['a schema, such as one of Zod', (value) => isSchema(value)],
  allowSystemInMessages: BOOLEAN,
  runtimeContext: OBJECT,
  toolsContext: OBJECT,
  experimental_refineToolInput: OBJECT,
  prepareStep: FUNCTION,
  prepareCall: FUNCTION,
  repairToolCall: FUNCTION,
  experimental_repairToolCall: FUNCTION,
  experimental_download: FUNCTION,
  onLanguageModelCallStart: FUNCTION,
  onLanguageModelCallEnd: FUNCTION,
} satisfies { [OPTION in keyof AgentOptions<OutlastToolSet>]?: Check }

export const checkSettings = (options: object, refuse: Refuse): void => {
  const values: Record<string, unknown> = { ...options }
  for (const [name, [what, holds]] of Object.entries({ ...CALL_SETTINGS, ...OTHER_SETTINGS })) {
    const value = values[name]
    if (value !== undefined && !holds(value)) refuse(`${name} is ${what}; it is ${show(value)}.`)
  }
}

const PRICES = {
  inputPerMillion: true,
  outputPerMillion: true,
  cachedInputPerMillion: false,
  cacheWritePerMillion: false,
} as const satisfies Record<keyof Prices, boolean>

const arePrices = (prices: Record<string, unknown>): boolean =>
  Object.keys(prices).every((key) => Object.hasOwn(PRICES, key)) &&
  Object.entries(PRICES).every(([key, isNeeded]) => {
    const price = prices[key]
    return price === undefined ? !isNeeded : Number.isFinite(price) && (price as number) >= 0
  })

/** A schema of the AI SDK, one that makes one, or one that speaks Standard Schema. */
const isSchema = (value: unknown): boolean =>
  typeof value === 'function' || (isObject(value) && ('~standard' in value || 'validate' in value))

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
const isText = (value: unknown): value is string => typeof value === 'string'
const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value for an error message: short, on one line, and never the content of an object. */
const show = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80))
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
