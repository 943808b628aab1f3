/** The routes of chats as records: list, open, messages, rename, export, remove. */
import type { Context } from 'hono'
import type { ChatsApi } from '../engine/catalog-api.ts'
import { chatAnswer, chatsAnswer, historyAnswer, renameAnswer } from '../protocol/answers.ts'
import {
  chatsQuery,
  formatListPosition,
  messagesQuery,
  parseChatsQuery,
  parseMessagesQuery,
  parseSeen,
  parseTitle,
  seenBody,
  titleBody,
} from '../protocol/catalog-schemas.ts'
import { ROUTES } from '../protocol/routes.ts'
import { parseChatId } from '../protocol/schemas.ts'
import { attachmentName } from './attachment-name.ts'
import type { Env } from './env.ts'
import { API_HEADERS } from './headers.ts'
import { readJson } from './json-body.ts'
import { json, type Route } from './route.ts'

const MARKDOWN = 'text/markdown'

export type ChatsRoutesOptions = { readonly chats: ChatsApi; readonly maxBodyBytes: number }

export const chatsRoutes = ({ chats, maxBodyBytes }: ChatsRoutesOptions): Route[] => {
  const list = async (c: Context<Env>) => {
    const { filter, page } = parseChatsQuery(c.req.query())
    const { after, ...found } = await chats.list(c.get('principal'), filter, page)
    return json(after ? { ...found, after: formatListPosition(after) } : found)
  }
  const open = async (c: Context<Env>) =>
    json(await chats.open(c.get('principal'), chatIdOf(c), parseMessagesQuery(c.req.query())))

  const messages = async (c: Context<Env>) =>
    json(await chats.messages(c.get('principal'), chatIdOf(c), parseMessagesQuery(c.req.query())))

  const rename = async (c: Context<Env>) => {
    const chatId = chatIdOf(c)
    const title = parseTitle(await readJson(c.req.raw, maxBodyBytes))
    return json({ chat: await chats.rename(c.get('principal'), chatId, title) })
  }
  const see = async (c: Context<Env>) => {
    const chatId = chatIdOf(c)
    const runId = parseSeen(await readJson(c.req.raw, maxBodyBytes))
    return json({ chat: await chats.see(c.get('principal'), chatId, runId) })
  }
  const remove = async (c: Context<Env>) => {
    await chats.remove(c.get('principal'), chatIdOf(c))
    return new Response(null, { status: 204, headers: API_HEADERS })
  }
  const exportChat = async (c: Context<Env>) => {
    const { title, markdown } = await chats.toMarkdown(c.get('principal'), chatIdOf(c))
    return new Response(markdown, {
      headers: {
        ...API_HEADERS,
        'content-type': `${MARKDOWN}; charset=utf-8`,
        'content-disposition': attachmentName(title ?? 'chat', 'md'),
      },
    })
  }

  return [
    {
      method: 'GET',
      path: ROUTES.chats,
      id: 'listChats',
      summary: 'The chats of the caller, the one with the newest turn first.',
      query: chatsQuery,
      answers: { 200: { says: 'A page of them.', schema: chatsAnswer } },
      handle: list,
    },
    {
      method: 'GET',
      path: ROUTES.chat,
      id: 'getChat',
      summary: 'A chat, its messages and its active run, all of one instant.',
      query: messagesQuery,
      answers: { 200: { says: 'Without the answer in progress.', schema: chatAnswer } },
      problems: ['CHAT_NOT_FOUND', 'MESSAGE_NOT_FOUND'],
      handle: open,
    },
    {
      method: 'PATCH',
      path: ROUTES.chat,
      id: 'renameChat',
      summary: 'Gives a chat a title; null gives it its automatic one.',
      body: titleBody,
      answers: { 200: { says: 'The chat as it is called now.', schema: renameAnswer } },
      problems: ['CHAT_NOT_FOUND'],
      handle: rename,
    },
    {
      method: 'POST',
      path: ROUTES.seen,
      id: 'seeRun',
      summary: 'Says that the user has seen the end of the latest run of a chat.',
      body: seenBody,
      answers: {
        200: {
          says: 'The chat; another run than its latest changes nothing.',
          schema: renameAnswer,
        },
      },
      problems: ['CHAT_NOT_FOUND'],
      handle: see,
    },
    {
      method: 'DELETE',
      path: ROUTES.chat,
      id: 'deleteChat',
      summary: 'Stops the active run of a chat and removes everything that is known of the chat.',
      answers: { 204: { says: 'It is gone.' } },
      problems: ['CHAT_NOT_FOUND'],
      handle: remove,
    },
    {
      method: 'GET',
      path: ROUTES.messages,
      id: 'listMessages',
      summary: 'The history of a chat, without the answer in progress.',
      query: messagesQuery,
      answers: {
        200: { says: 'The history; an unknown chat is an empty one.', schema: historyAnswer },
      },
      problems: ['MESSAGE_NOT_FOUND'],
      handle: messages,
    },
    {
      method: 'GET',
      path: ROUTES.exportChat,
      id: 'exportChat',
      summary: 'A chat as a Markdown file.',
      answers: { 200: { says: 'An attachment.', type: MARKDOWN } },
      problems: ['CHAT_NOT_FOUND'],
      handle: exportChat,
    },
  ]
}

const chatIdOf = (c: Context<Env>): string => parseChatId(c.req.param('chatId') ?? '')
