/** What the server answers, as schemas: for the description of the API, and for clients that check what they get. */
import { z } from 'zod'
import { MESSAGE_ROLES, MESSAGE_STATUSES } from '../domain/message.ts'
import { HOLD_ENDS, RUN_STATUSES, RUN_TRIGGERS } from '../domain/run.ts'
import { TOOL_CALL_STATUSES } from '../domain/step.ts'

const time = z.iso.datetime()

export const runSummary = z
  .object({
    id: z.string(),
    chatId: z.string(),
    status: z.enum(RUN_STATUSES),
    trigger: z.enum(RUN_TRIGGERS),
    error: z.string().nullable(),
    errorCode: z.string().nullable(),
    output: z.unknown().meta({ description: "What the agent's `output` made of the answer." }),
    stepCount: z.int(),
    attempt: z.int(),
    epoch: z.int().meta({ description: 'Times that a process has taken it.' }),
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

export const ticketAnswer = z.object({
  ticket: z.string().meta({ description: 'What `?ticket=` takes, once.' }),
  expiresAt: time,
})

const named = z.object({ id: z.string(), name: z.string() })

export const sessionAnswer = z.object({
  user: named,
  workspace: named,
  canSignOut: z.boolean().meta({ description: 'The cookie of the page let the caller in.' }),
})

export const decidedAnswer = z.object({ run: runSummary })

export const latestRunAnswer = z.object({
  run: runSummary.nullable(),
  message: answeredMessage.nullable(),
})

export const historyAnswer = z.object({
  messages: z.array(message),
  activeRun: runSummary.nullable(),
  before: z
    .string()
    .optional()
    .meta({ description: 'There are earlier messages: those before this one.' }),
})

export const chatSummary = z
  .object({
    id: z.string(),
    title: z.string().nullable(),
    createdAt: time,
    updatedAt: time.meta({ description: 'When its latest turn was sent.' }),
    latestRun: z.object({ id: z.string(), status: z.enum(RUN_STATUSES) }).nullable(),
    unread: z.boolean().meta({ description: 'Its latest run has settled and was not seen.' }),
  })
  .meta({ id: 'Chat', description: 'A conversation of one user.' })

const after = z
  .string()
  .optional()
  .meta({ description: 'There is more: ask for it with this as `after`.' })

export const chatsAnswer = z.object({ chats: z.array(chatSummary), after })

export const chatAnswer = historyAnswer.extend({ chat: chatSummary })

export const renameAnswer = z.object({ chat: chatSummary })

const usage = z
  .object({
    inputTokens: z.int().optional(),
    outputTokens: z.int().optional(),
    totalTokens: z.int().optional(),
    reasoningTokens: z.int().optional(),
    cachedInputTokens: z.int().optional(),
  })
  .meta({ id: 'Usage', description: 'Tokens, as far as the provider says.' })

const costMicros = z.int().nullable().meta({
  description: "Millionths of the currency of the agent's prices; null without prices or usage.",
})

export const runDetails = runSummary
  .extend({
    agent: z.string().nullable(),
    chatTitle: z.string().nullable(),
    models: z
      .array(z.string())
      .meta({ description: '`provider/modelId` of those that answered in its steps.' }),
    usage,
    costMicros,
  })
  .meta({ id: 'RunDetails', description: 'A run, and what its steps used.' })

export const runsAnswer = z.object({ runs: z.array(runDetails), after })

const hold = z
  .object({
    epoch: z.int(),
    worker: z.string().meta({ description: 'An id of the process that had the run.' }),
    beganAt: time,
    endedAt: time.nullable(),
    end: z.enum(HOLD_ENDS).nullable(),
  })
  .meta({ id: 'Hold', description: 'A process had a run in hand.' })

export const runAnswer = z.object({
  run: runDetails,
  message: answeredMessage.nullable(),
  holds: z.array(hold).meta({ description: 'Oldest first; runs of older versions have none.' }),
})

export const stopRunsAnswer = z.object({
  stopped: z.array(z.string()).meta({ description: 'Those that will settle as aborted.' }),
})

const brokenAttempt = z
  .object({ startedAt: time, endedAt: time, errorCode: z.string(), error: z.string() })
  .meta({ id: 'BrokenAttempt', description: 'A model call that broke and was made again.' })

const call = z
  .object({
    toolCallId: z.string(),
    toolName: z.string(),
    input: z.unknown(),
    status: z.enum(TOOL_CALL_STATUSES),
    output: z.unknown().optional(),
    error: z.string().optional(),
    attempt: z.int().meta({ description: 'Times that the tool was started.' }),
    startedAt: time,
    finishedAt: time.nullable(),
    approval: z
      .object({
        requestReason: z.string().optional(),
        automatic: z.literal(true).optional().meta({ description: "By the agent's own rules." }),
        approved: z.boolean().optional().meta({ description: 'Missing: nobody has answered.' }),
        reason: z.string().optional(),
      })
      .optional()
      .meta({ description: 'Whether the call may be executed.' }),
    decidedAt: time.optional().meta({ description: 'When a person answered.' }),
  })
  .meta({ id: 'ToolCall', description: 'A tool call that the server executed.' })

const step = z
  .object({
    stepIndex: z.int(),
    finishReason: z.string(),
    rawFinishReason: z.string().optional(),
    responseId: z.string().optional(),
    provider: z.string().optional(),
    modelId: z.string().optional(),
    warnings: z.array(z.unknown()).optional(),
    usage: usage.optional(),
    costMicros: costMicros.optional(),
    startedAt: time.nullable(),
    firstChunkAt: time.optional().meta({ description: 'When the model began to answer.' }),
    finishedAt: time.nullable(),
    brokenAttempts: z.array(brokenAttempt).optional(),
    request: z.looseObject({ provider: z.string(), modelId: z.string() }).optional(),
    parts: z.array(z.looseObject({ type: z.string() })),
    calls: z.array(call),
  })
  .meta({ id: 'Step', description: 'One model call and the tool calls that it asked for.' })

export const stepsAnswer = z.object({ steps: z.array(step) })

export const promptAnswer = z.object({
  instructions: z.unknown().optional(),
  messages: z
    .array(z.looseObject({ role: z.string(), content: z.unknown() }))
    .meta({ description: 'Model messages of the AI SDK.' }),
  messagesReplaced: z.boolean().meta({
    description: 'True: the agent sent other messages than these, and they are not known.',
  }),
})

export const healthAnswer = z.looseObject({ status: z.literal('ok') })

export const readinessAnswer = z.object({
  ready: z.boolean(),
  checks: z.record(z.string(), z.boolean()),
  redis: z.enum(['ok', 'away']).optional().meta({
    description: 'Of servers with Redis. Everything goes on while it is away, slower.',
  }),
})
