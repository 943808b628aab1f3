/** What the journal keeps of how a step asked its model: enough to explain it, and no secrets. */
import type { ProviderMetadata, StepRequest } from '../domain/step.ts'
import { cleanJson } from '../domain/text.ts'
import type { StepView } from '../engine/ports.ts'
import { CALL_SETTING_NAMES } from './check-agent.ts'
import type { ModelCallOptions } from './model-call.ts'

/** @param steps - the steps before: what they say already is not repeated */
export const stepRequest = (
  call: ModelCallOptions,
  steps: readonly StepView[],
  { messagesReplaced }: { messagesReplaced: boolean },
): StepRequest => {
  const { model, tools, toolChoice, providerOptions, output } = call
  const settings = settingsOf(call)
  const instructions = (cleanJson(call.instructions) ?? null) as StepRequest['instructions'] & {}
  return {
    provider: model.provider,
    modelId: model.modelId,
    ...(isSame(instructions, lastInstructions(steps)) ? {} : { instructions }),
    ...(toolChoice === undefined
      ? {}
      : { toolChoice: toolChoice as StepRequest['toolChoice'] & {} }),
    ...(tools === undefined ? {} : { tools: Object.keys(tools) }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(providerOptions === undefined
      ? {}
      : { providerOptions: withoutSecrets(cleanJson(providerOptions)) as ProviderMetadata }),
    ...(output === undefined ? {} : { output: output.name }),
    ...(messagesReplaced ? { messagesReplaced } : {}),
  }
}

type Instructions = StepRequest['instructions']

const lastInstructions = (steps: readonly StepView[]): Instructions =>
  steps.findLast(({ step }) => step.request?.instructions !== undefined)?.step.request?.instructions

const isSame = (a: Instructions, b: Instructions): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

const settingsOf = (call: ModelCallOptions): Record<string, unknown> => {
  const given = CALL_SETTING_NAMES.map((key) => [key, call[key]] as const)
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}

const SECRET = /key|token|secret|password|authorization|credential|cookie/i

/** What has a name that says so is one, unless it is a number: those are counts. */
const withoutSecrets = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, entry]): [string, unknown] => [
    key,
    SECRET.test(key) && !isCount(entry) ? '[hidden]' : withoutSecrets(entry),
  ])
  return Object.fromEntries(entries)
}

const isCount = (value: unknown): boolean => typeof value === 'number' || typeof value === 'boolean'
