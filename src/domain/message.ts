/** Messages of a chat. Parts have the shape of the AI SDK's UI message parts. */

export const MESSAGE_ROLES = ['user', 'assistant', 'system'] as const
export type MessageRole = (typeof MESSAGE_ROLES)[number]
export const MESSAGE_STATUSES = ['streaming', 'completed', 'error', 'aborted'] as const
export type MessageStatus = (typeof MESSAGE_STATUSES)[number]

/** A part of a UI message as it is stored and sent: plain JSON with a `type`. */
export type MessagePart = { readonly type: string } & { readonly [key: string]: unknown }

/** A message of a chat; `id` is ours, `publicId` the one that clients know. */
export type MessageRecord = {
  readonly id: string
  readonly publicId: string
  readonly chatId: string
  readonly role: MessageRole
  readonly status: MessageStatus
  readonly parts: readonly MessagePart[]
  readonly runId: string | null
  readonly createdAt: Date
}

/** A chat; `id` is ours, `publicId` the one that clients know. */
export type ChatRecord = {
  readonly id: string
  readonly publicId: string
  readonly workspaceId: string
  readonly creatorId: string
  readonly title: string | null
}

const CLIENT_ID = /^[A-Za-z0-9_.:~-]{1,128}$/

/** Words that are routes and therefore no chat ids. */
export const RESERVED_IDS: ReadonlySet<string> = new Set([
  'runs',
  'run',
  'stream',
  'stop',
  'follow',
  'chats',
  'messages',
  'steps',
  'files',
  'tickets',
  'session',
  'agents',
  'inbox',
  'schedules',
  'webhooks',
  'usage',
  'tokens',
  'users',
  'workspaces',
  'search',
  'export',
  'overview',
  'openapi.json',
  '.',
  '..',
])

export const isClientId = (text: string): boolean => CLIENT_ID.test(text) && !RESERVED_IDS.has(text)

/** The plain text of a message: its text parts, a blank line between them. */
export const textOf = (parts: readonly MessagePart[]): string =>
  parts
    .filter((part) => part.type === 'text' && typeof part['text'] === 'string')
    .map((part) => part['text'] as string)
    .join('\n\n')
