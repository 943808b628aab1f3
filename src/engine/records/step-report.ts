/** Steps and calls as their owner may see them: without what is between us and a provider. */
import type { ModelMessage } from 'ai'
import type { CallDetails } from '../../domain/catalog.ts'
import type {
  BrokenAttempt,
  StepInfo,
  StepPart,
  StepRecord,
  StepRequest,
} from '../../domain/step.ts'
import type { AttemptReport, CallReport, StepReport } from '../catalog-api.ts'

const INTERRUPTED: StepInfo = { finishReason: 'interrupted' }

export const stepReport = ({
  stepIndex,
  parts,
  info,
  request,
}: StepRecord): Omit<StepReport, 'calls'> => {
  const { startedAt, firstChunkAt, finishedAt, brokenAttempts, ...rest } = info ?? INTERRUPTED
  const asked = publicRequest(request)
  return {
    stepIndex,
    ...rest,
    startedAt: startedAt?.toISOString() ?? null,
    ...(firstChunkAt ? { firstChunkAt: firstChunkAt.toISOString() } : {}),
    finishedAt: finishedAt?.toISOString() ?? null,
    ...(brokenAttempts ? { brokenAttempts: brokenAttempts.map(attemptReport) } : {}),
    ...(asked ? { request: asked } : {}),
    parts: parts.map(publicPart),
  }
}

const attemptReport = ({ startedAt, endedAt, ...why }: BrokenAttempt): AttemptReport => ({
  startedAt: startedAt.toISOString(),
  endedAt: endedAt.toISOString(),
  ...why,
})

const publicPart = (part: StepPart): StepReport['parts'][number] => {
  const { type, ...rest } = part
  return { type, ...without(rest, 'providerMetadata', 'toolMetadata') }
}

export const callReport = (call: CallDetails): CallReport => ({
  toolCallId: call.toolCallId,
  toolName: call.toolName,
  input: call.input,
  status: call.status,
  ...(call.output === undefined ? {} : { output: call.output }),
  ...(call.error === undefined ? {} : { error: call.error }),
  attempt: call.attempt,
  startedAt: call.startedAt.toISOString(),
  finishedAt: call.finishedAt?.toISOString() ?? null,
  ...(call.approval ? { approval: without(call.approval, 'id', 'asked', 'told') } : {}),
  ...(call.decidedAt ? { decidedAt: call.decidedAt.toISOString() } : {}),
})

export const publicRequest = (request: StepRequest | undefined): StepRequest | undefined => {
  if (!request) return undefined
  const { instructions, ...rest } = without(request, 'providerOptions')
  if (instructions === undefined) return rest
  return { ...rest, instructions: publicInstructions(instructions) }
}

type Instructions = Exclude<StepRequest['instructions'], undefined>

const publicInstructions = (instructions: Instructions): Instructions => {
  if (typeof instructions === 'string' || instructions === null) return instructions
  const messages = 'role' in instructions ? [instructions] : instructions
  return messages.map((message) => without(message, 'providerOptions'))
}

/** Provider options stand beside the content: on a message, on its parts, and on the parts of a tool's output. */
export const withoutOptions = (message: ModelMessage): ModelMessage => {
  const { content } = message
  return {
    ...without(message, 'providerOptions'),
    content: Array.isArray(content) ? content.map((part) => partWithoutOptions(part)) : content,
  } as ModelMessage
}

const partWithoutOptions = (part: object): object => {
  const rest = without(part as { providerOptions?: unknown; output?: unknown }, 'providerOptions')
  const { output } = rest
  if (typeof output !== 'object' || output === null || !('value' in output)) return rest
  const { value } = output
  if (!('type' in output) || output.type !== 'content' || !Array.isArray(value)) return rest
  const items = value.map((item: { providerOptions?: unknown }) => without(item, 'providerOptions'))
  return { ...rest, output: { ...output, value: items } }
}

const without = <T extends object, Key extends PropertyKey>(
  value: T,
  ...keys: readonly Key[]
): Omit<T, Key> =>
  Object.fromEntries(
    Object.entries(value).filter(([key]) => !(keys as readonly PropertyKey[]).includes(key)),
  ) as Omit<T, Key>
