/** What clients may send, parsed at the door: what comes out is trusted, and what does not fit becomes one sentence. */
import { z } from 'zod'
import { fileIdOf } from '../domain/file.ts'
import { cleanText } from '../domain/text.ts'
import type { NewMessage, TurnRequest } from '../domain/turn.ts'
import { parseContinuation, type Continuation } from './decisions.ts'
import { clientId, parse } from './parse.ts'

export const MAX_MESSAGES = 10_000

const chatId = clientId('the id of a chat')
const runId = clientId('the id of a run')
export const messageId = clientId('the id of a message')

/* A message of the user */

const textPart = z.object({
  type: z.literal('text'),
  text: z.string({ error: 'the text of a part is a string' }).transform(cleanText),
})

const MEDIA_TYPE = /^[\w.+-]{1,100}(\/[\w.+*-]{1,100})?$/
const DATA_URL_HEAD = /^data:[^,]{0,300};base64,/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

const isDataUrl = (url: string): boolean => {
  const head = DATA_URL_HEAD.exec(url)?.[0]
  return head !== undefined && url.length > head.length && BASE64.test(url.slice(head.length))
}

const mediaType = z
  .string({ error: 'a file has a mediaType' })
  .regex(MEDIA_TYPE, { error: 'a mediaType looks like image/png' })

const filename = z
  .string({ error: 'a filename is a string' })
  .max(255, { error: 'a filename has at most 255 characters' })
  .transform((name) => cleanText(name.replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '')) || undefined)

const filePart = z.object({
  type: z.literal('file'),
  mediaType,
  filename: filename.optional(),
  url: z
    .string({ error: 'a file has a url' })
    // Nothing is ever fetched for a client.
    .refine((url) => fileIdOf(url) !== undefined || isDataUrl(url), {
      error:
        'the url of a file is a data: URL with base64 content, or the url that POST /ai-chat/files answered',
    }),
})

const userPart = z.discriminatedUnion('type', [textPart, filePart], {
  error: ({ input }) => `a message of the user holds text and files, not ${partName(input)}`,
})

const partName = (input: unknown): string => {
  const type = typeof input === 'object' && input !== null && 'type' in input ? input.type : input
  return typeof type === 'string' ? `a part "${type.slice(0, 40)}"` : 'this'
}

const userMessage = z.object(
  {
    id: messageId.nullish(),
    parts: z
      .array(userPart, { error: 'a message has a list of parts' })
      .transform((parts) => parts.filter((part) => part.type !== 'text' || part.text !== ''))
      .refine((parts) => parts.some((part) => part.type !== 'text' || part.text.trim() !== ''), {
        error: 'the message is empty',
      }),
  },
  { error: 'a message is an object with parts' },
)

const userRole = z.literal('user', {
  error: 'the last message has the role "user"; this server takes no others from a client',
})

/* A turn */

const SUBMIT = 'submit-message'
const REGENERATE = 'regenerate-message'

const agentChoice = {
  agent: z.string({ error: 'the agent is named by a string' }).nullish(),
  options: z.unknown().optional(),
}
const choice = z.object(agentChoice)

const common = {
  trigger: z
    .enum([SUBMIT, REGENERATE], { error: `the trigger is "${SUBMIT}" or "${REGENERATE}"` })
    .nullish(),
  messageId: messageId.nullish(),
  ...agentChoice,
}

const envelope = z.object(
  {
    ...common,
    id: chatId,
    messages: z
      .array(z.unknown(), { error: 'messages is a list' })
      .min(1, { error: 'there is no message in it' })
      .max(MAX_MESSAGES, { error: `there are at most ${MAX_MESSAGES} messages` }),
  },
  { error: 'the body is an object' },
)

const lastMessage = userMessage.extend({ role: userRole })
const onlyMessage = userMessage.extend({ role: userRole.optional() })

const shortEnvelope = z.object({ ...common, chatId, message: onlyMessage.optional() })

/** The user's message above the answer that is to be made again; a stored one may hold what no new one may. */
const answeredMessage = z.object(
  {
    id: messageId.nullish(),
    role: z.literal('user', {
      error: 'the last message is that of the user, which is to be answered again',
    }),
  },
  { error: 'a message is an object with a role' },
)

/** Everything that `parseTurn` takes, for the description of the API. */
export const turnBody = z.union([
  envelope.meta({ id: 'UseChatBody', description: 'What `useChat` sends.' }),
  shortEnvelope.meta({ id: 'TurnBody', description: 'The same in short.' }),
])

/** What a turn is about. Whatever else a client said, its history included, is not looked at. */
type Chosen = {
  /** Name of the agent that is to answer. */
  readonly agent?: string
  /** For the agent; unchecked. */
  readonly options?: unknown
}

export type TurnBody = { readonly chatId: string } & ((TurnRequest & Chosen) | Continuation)

/**
 * @param body - what `useChat` sends, or `{ chatId, message, trigger?, messageId? }`; other keys of either are ignored
 * @throws InvalidRequestError
 */
export const parseTurn = (body: unknown): TurnBody => {
  const isShort =
    typeof body === 'object' && body !== null && 'chatId' in body && !('messages' in body)
  const turn = isShort ? parseShortTurn(body) : parseWholeTurn(body)
  const { agent, options } = parse(choice, body)
  return {
    ...turn,
    ...(agent == null ? {} : { agent }),
    ...(options == null ? {} : { options }),
  }
}

const parseWholeTurn = (body: unknown): TurnBody => {
  const { id, messages, trigger, messageId } = parse(envelope, body)
  const last = messages.at(-1)
  const path = ['messages', messages.length - 1]
  if (trigger === REGENERATE) {
    const answered = parse(answeredMessage, last, path)
    if (messageId != null) return { kind: 'regenerate', chatId: id, messageId }
    const unsent = lastMessage.safeParse(last).data
    return {
      kind: 'regenerate',
      chatId: id,
      ...(answered.id == null ? {} : { messageId: answered.id }),
      ...(answered.id == null || !unsent ? {} : { unsent: newMessage(unsent) }),
    }
  }
  if (isAnswer(last)) return { chatId: id, ...parseContinuation(last, path) }
  return submitted(id, messageId, parse(lastMessage, last, path))
}

const isAnswer = (message: unknown): boolean =>
  typeof message === 'object' &&
  message !== null &&
  'role' in message &&
  message.role === 'assistant'

const parseShortTurn = (body: object): TurnBody => {
  const { chatId, message, trigger, messageId } = parse(shortEnvelope, body)
  if (trigger !== REGENERATE)
    return submitted(chatId, messageId, message ?? parse(onlyMessage, message, ['message']))
  return { kind: 'regenerate', chatId, ...(messageId == null ? {} : { messageId }) }
}

const submitted = (
  chatId: string,
  messageId: string | null | undefined,
  message: z.output<typeof userMessage>,
): TurnBody =>
  messageId == null
    ? { kind: 'new', chatId, message: newMessage(message) }
    : { kind: 'edit', chatId, messageId, message: newMessage(message) }

const newMessage = ({ id, parts }: z.output<typeof userMessage>): NewMessage => ({
  ...(id == null ? {} : { id }),
  parts,
})

/* The other bodies, and ids in a path */

const runBody = z.object({ runId })
export const chatBody = z.object({ chatId }, { error: 'the body is an object' })
export const stopBody = z.union([runBody, chatBody])

/** A run id wins over a chat id: who names the run means no other. */
export const parseStop = (
  body: unknown,
): { readonly runId: string } | { readonly chatId: string } =>
  typeof body === 'object' && body !== null && 'runId' in body
    ? parse(runBody, body)
    : parse(chatBody, body)

export const parseChatBody = (body: unknown): { readonly chatId: string } => parse(chatBody, body)

export const parseChatId = (text: string): string => parse(chatId, text)

export const parseMessageId = (text: string): string => parse(messageId, text)

/** The type of an uploaded file, without parameters. */
export const parseMediaType = (contentType: string | undefined): string =>
  parse(mediaType, (contentType ?? 'application/octet-stream').split(';')[0]?.trim().toLowerCase())

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/

export const idempotencyKey = z.string().regex(IDEMPOTENCY_KEY, {
  error: 'the header Idempotency-Key has 1 to 200 visible ASCII characters',
})

/** Taken as it is, quotes included. */
export const parseIdempotencyKey = (text: string | undefined): string | undefined =>
  parse(idempotencyKey.optional(), text)

export const parseFilename = (text: string | undefined): string | undefined =>
  parse(filename.optional(), text)
