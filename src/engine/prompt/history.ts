/** What a model is told before each call of a run: built from journal and ledger, never from UI parts. */
import type { AssistantModelMessage, ModelMessage, UserModelMessage } from 'ai'
import { textOf, type MessagePart } from '../../domain/message.ts'
import { CallNames } from './call-names.ts'
import type { ModelName, RunMessages, Turn } from '../ports.ts'
import { runMessages, type Listener } from './step-messages.ts'

/** What a run's model may be told; `any` model is told all of it plainly. */
export const messagesOf = (turns: readonly Turn[]): RunMessages => {
  const histories = new Map<string, ReturnType<typeof tell>>()
  const historyFor = (model: ModelName | 'any') => {
    const key = model === 'any' ? model : JSON.stringify([model.provider, model.modelId])
    const told = histories.get(key) ?? tell(turns, model)
    histories.set(key, told)
    return told
  }
  return {
    history: (model) => [...historyFor(model).messages],
    said: (steps, model) => {
      const { listener } = historyFor(model)
      return runMessages(steps, { ...listener, names: listener.names.copy() }, true)
    },
  }
}

const tell = (turns: readonly Turn[], model: ModelName | 'any') => {
  const listener: Listener = { model, names: new CallNames() }
  return { listener, messages: turns.flatMap((turn) => turnMessages(turn, listener)) }
}

const turnMessages = ({ message, journal }: Turn, listener: Listener): ModelMessage[] => {
  if (message.role === 'user') return userMessages(message.parts)
  if (message.role === 'system') return []
  if (!journal || journal.steps.length === 0) return plainAnswer(message.parts)
  const steps = journal.steps.map((step) => ({
    step,
    calls: journal.calls.filter((call) => call.stepIndex === step.stepIndex),
  }))
  return runMessages(steps, listener, false)
}

const userMessages = (parts: readonly MessagePart[]): UserModelMessage[] => {
  const content = parts.flatMap((part): Exclude<UserModelMessage['content'], string> => {
    if (part.type === 'text') return [{ type: 'text', text: String(part['text']) }]
    if (part.type !== 'file') return []
    const { mediaType, url, filename } = part as unknown as FileFields
    return [{ type: 'file', data: url, mediaType, ...(filename ? { filename } : {}) }]
  })
  return content.length > 0 ? [{ role: 'user', content }] : []
}

type FileFields = { mediaType: string; url: string; filename?: string }

/** An answer that no run of ours made: only its text is known for sure. */
const plainAnswer = (parts: readonly MessagePart[]): AssistantModelMessage[] => {
  const text = textOf(parts)
  return text === '' ? [] : [{ role: 'assistant', content: [{ type: 'text', text }] }]
}
