/** What lists, titles and messages of chats and runs are asked with. */
import { z } from 'zod'
import type { ListPosition, MessageSlice, PageRequest, RunFilter } from '../domain/catalog.ts'
import { isClientId } from '../domain/message.ts'
import { ACTIVE_STATUSES, RUN_STATUSES, RUN_TRIGGERS, type RunStatus } from '../domain/run.ts'
import { cleanText } from '../domain/text.ts'
import { MAX_TITLE_LENGTH, oneLine } from '../domain/title.ts'
import { parse } from './parse.ts'

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100
const MAX_MESSAGES = 1000

const limit = (most: number) => {
  const error = `a limit is a whole number from 1 to ${most}`
  return z.coerce.number({ error }).int({ error }).min(1, { error }).max(most, { error })
}

const MAX_MICROS = 2 ** 53

/** Opaque to clients. */
export const formatListPosition = ({ micros, id }: ListPosition): string => `${micros}.${id}`

const readListPosition = (text: string): ListPosition | undefined => {
  const [, digits = '', id = ''] = /^(\d{1,16})\.([\w.:~-]{1,128})$/.exec(text) ?? []
  return id === '' || Number(digits) > MAX_MICROS ? undefined : { micros: Number(digits), id }
}

const listPosition = z
  .string()
  .refine((text) => readListPosition(text) !== undefined, {
    error: 'it takes what the page before had as `after`, unchanged',
  })
  .meta({ description: 'Where to go on: what the page before had as `after`.' })

const page = {
  limit: limit(MAX_LIMIT).default(DEFAULT_LIMIT),
  after: listPosition.optional(),
}

const word = (what: string) =>
  z
    .string()
    .max(200, { error: `${what} has at most 200 characters` })
    .transform(cleanText)

export const chatsQuery = z.object({
  ...page,
  query: word('what is searched for').optional().meta({ description: 'A part of the title.' }),
})

/** `active` and `settled` stand for the states that are. */
const STATUS_GROUPS: Readonly<Record<string, readonly RunStatus[]>> = {
  ...Object.fromEntries(RUN_STATUSES.map((status) => [status, [status]])),
  active: ACTIVE_STATUSES,
  settled: ['succeeded', 'failed', 'aborted'],
}

const statuses = z
  .string()
  .refine((text) => text.split(',').every((name) => Object.hasOwn(STATUS_GROUPS, name)), {
    error: `states are ${Object.keys(STATUS_GROUPS).join(', ')}; more than one with commas between them`,
  })
  .meta({ description: 'States with commas between them; also `active` and `settled`.' })

const isTime = z.iso.datetime({ offset: true })

export const time = z
  .string()
  .refine((text) => isTime.safeParse(text).success, {
    error: 'a time is in ISO 8601, as in 2026-01-31T12:00:00Z',
  })
  .transform((text) => new Date(text))

const COST = 'a cost is a whole number of millionths'

export const runsQuery = z.object({
  ...page,
  status: statuses.optional(),
  trigger: z
    .enum(RUN_TRIGGERS, { error: `a trigger is one of ${RUN_TRIGGERS.join(', ')}` })
    .optional(),
  agent: word('the name of an agent').optional(),
  from: time.optional().meta({ description: 'Begun at this time or later.' }),
  to: time.optional().meta({ description: 'Begun before this time.' }),
  error: word('the code of an error').optional().meta({ description: 'What they failed with.' }),
  minCost: z.coerce
    .number({ error: COST })
    .int({ error: COST })
    .min(0, { error: COST })
    .optional()
    .meta({ description: 'Millionths that they cost at least.' }),
  chat: z
    .string()
    .refine(isClientId, { error: 'this is no id of a chat' })
    .optional()
    .meta({ description: 'The id of a chat.' }),
})

export const messagesQuery = z.object({
  limit: limit(MAX_MESSAGES).optional().meta({ description: 'The last ones; all unless set.' }),
  before: z
    .string()
    .refine(isClientId, { error: 'this is no id of a message' })
    .optional()
    .meta({ description: 'The id of a message: those before it.' }),
})

export const titleBody = z.object(
  {
    title: z
      .string({ error: `a title is a text of 1 to ${MAX_TITLE_LENGTH} characters, or null` })
      .transform(oneLine)
      .refine((title) => title !== '' && title.length <= MAX_TITLE_LENGTH, {
        error: `a title has 1 to ${MAX_TITLE_LENGTH} characters; null gives the chat its automatic one`,
      })
      .nullable(),
  },
  { error: 'the body is an object' },
)

type Query = Readonly<Record<string, string>>

const pageOf = ({ limit: most, after }: { limit: number; after?: string | undefined }) => ({
  limit: most,
  after: after === undefined ? undefined : readListPosition(after),
})

export const parseChatsQuery = (
  query: Query,
): { readonly filter: { readonly query?: string | undefined }; readonly page: PageRequest } => {
  const { query: words, ...rest } = parse(chatsQuery, query, [], 'query')
  return { filter: words ? { query: words } : {}, page: pageOf(rest) }
}

export const parseRunsQuery = (
  query: Query,
): { readonly filter: RunFilter; readonly page: PageRequest } => {
  const {
    status,
    chat,
    error,
    minCost,
    limit: most,
    after,
    ...rest
  } = parse(runsQuery, query, [], 'query')
  const named = status?.split(',').flatMap((name) => STATUS_GROUPS[name] ?? [])
  return {
    filter: {
      ...rest,
      statuses: named,
      chatId: chat,
      errorCode: error,
      minCostMicros: minCost,
    },
    page: pageOf({ limit: most, after }),
  }
}

export const parseMessagesQuery = (query: Query): MessageSlice =>
  parse(messagesQuery, query, [], 'query')

export const parseTitle = (body: unknown): string | null => parse(titleBody, body).title

export const seenBody = z.object(
  {
    runId: z
      .string({ error: 'the id of a run is a string' })
      .refine(isClientId, { error: 'this is no id of a run' }),
  },
  { error: 'the body is an object' },
)

const MAX_STOPPED = 100

export const stopRunsBody = z.object(
  {
    runIds: z
      .array(
        z
          .string({ error: 'the id of a run is a string' })
          .refine(isClientId, { error: 'this is no id of a run' }),
        { error: 'ids of runs are an array' },
      )
      .min(1, { error: 'there is no run to stop' })
      .max(MAX_STOPPED, { error: `at most ${MAX_STOPPED} runs are stopped at once` }),
  },
  { error: 'the body is an object' },
)

export const parseStopRuns = (body: unknown): readonly string[] => [
  ...new Set(parse(stopRunsBody, body).runIds),
]

export const parseSeen = (body: unknown): string => parse(seenBody, body).runId
