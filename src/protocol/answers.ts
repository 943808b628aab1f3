/** What the server answers, as schemas: for the description of the API, and for clients that check what they get. */
import { z } from 'zod'
import { MESSAGE_ROLES, MESSAGE_STATUSES } from '../domain/message.ts'
import { RUN_STATUSES, RUN_TRIGGERS } from '../domain/run.ts'

const time = z.iso.datetime()

export const runSummary = z
  .object({
    id: z.string(),
    chatId: z.string(),
    status: z.enum(RUN_STATUSES),
    trigger: z.enum(RUN_TRIGGERS),
    error: z.string().nullable(),
    errorCode: z.string().nullable(),
    stepCount: z.int(),
    attempt: z.int(),
    assistantMessageId: z.string().nullable(),
    stopRequestedAt: time.nullable(),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
  })
  .meta({ id: 'Run', description: 'One execution of the agent.' })

const messagePart = z
  .looseObject({ type: z.string() })
  .meta({ id: 'MessagePart', description: 'A part of a UIMessage of the AI SDK.' })

export const message = z
  .object({
    id: z.string(),
    role: z.enum(MESSAGE_ROLES),
    metadata: z.record(z.string(), z.unknown()).optional(),
    parts: z.array(messagePart),
  })
  .meta({ id: 'Message', description: 'A UIMessage of the AI SDK.' })

export const answeredMessage = message
  .extend({ status: z.enum(MESSAGE_STATUSES) })
  .meta({ id: 'Answer', description: 'The answer of a run, as far as it is.' })

export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'A sentence for a person.' }),
    code: z.string().meta({ description: 'Compare this.' }),
    activeRunId: z.string().optional(),
    activeRunIds: z.array(z.string()).optional(),
    retryAfter: z.int().optional().meta({ description: 'Seconds.' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' })

export const stopAnswer = z.object({ stopped: z.boolean() })

export const uploadAnswer = z.object({
  url: z.string().meta({ description: 'What the `url` of a file part is.' }),
  mediaType: z.string(),
  filename: z.string().nullable(),
  size: z.int().meta({ description: 'Bytes.' }),
})

export const latestRunAnswer = z.object({
  run: runSummary.nullable(),
  message: answeredMessage.nullable(),
})

export const historyAnswer = z.object({
  messages: z.array(message),
  activeRun: runSummary.nullable(),
})

export const healthAnswer = z.looseObject({ status: z.literal('ok') })

export const readinessAnswer = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.boolean()),
})
