/** `outlast chats`: conversations as records. */
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import type { z } from 'zod'
import { chatAnswer, chatsAnswer, renameAnswer } from '../protocol/answers.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import { ask, askJson, queryOf } from './api.ts'
import { UsageError } from './errors.ts'
import { messageLines } from './messages.ts'
import { plainLine } from './plain.ts'
import type { Reach } from './reach.ts'
import { note, say, sayFields, sayJson, sayTable, type Shell } from './shell.ts'
import type { Column } from './table.ts'
import { localTime } from './times.ts'

type Format = { readonly json?: true }

export type ChatListOptions = Format & {
  readonly query?: string
  readonly limit?: string
  readonly after?: string
}

export const listChats = async (
  shell: Shell,
  reach: Reach,
  { json, query, limit, after }: ChatListOptions,
): Promise<void> => {
  const path = `${ROUTES.chats}${queryOf({ query, limit, after })}`
  const answer = await askJson(reach, chatsAnswer, path)
  if (json) return sayJson(shell, answer)
  if (answer.chats.length === 0) return note(shell, 'There are no such chats.')
  sayTable(shell, COLUMNS, answer.chats)
  if (answer.after !== undefined) note(shell, `There are more: --after ${answer.after}`)
}

export const showChat = async (
  shell: Shell,
  reach: Reach,
  chatId: string,
  { json }: Format,
): Promise<void> => {
  const answer = await askJson(reach, chatAnswer, pathOf(ROUTES.chat, { chatId }))
  if (json) return sayJson(shell, answer)
  const { chat, messages, activeRun } = answer
  sayFields(shell, {
    chat: chat.id,
    title: chat.title && plainLine(chat.title),
    created: localTime(chat.createdAt),
    updated: localTime(chat.updatedAt),
    'active run': activeRun?.id,
  })
  for (const message of messages)
    for (const line of ['', ...messageLines(message)]) say(shell, line)
}

export const exportChat = async (
  shell: Shell,
  reach: Reach,
  chatId: string,
  { output, json }: Format & { readonly output?: string },
): Promise<void> => {
  const answer = await ask(reach, pathOf(ROUTES.exportChat, { chatId }))
  const markdown = await answer.text()
  if (output === undefined)
    return json ? sayJson(shell, { markdown }) : say(shell, markdown.trimEnd())
  await writeFile(output, markdown, { flag: 'wx' }).catch((error: unknown) => {
    throw new UsageError(`${output} cannot be written: ${(error as Error).message}.`)
  })
  if (json) sayJson(shell, { output })
  else note(shell, `written to ${output}`)
}

export const renameChat = async (
  shell: Shell,
  reach: Reach,
  chatId: string,
  { title, json }: Format & { readonly title: string | null },
): Promise<void> => {
  const path = pathOf(ROUTES.chat, { chatId })
  const answer = await askJson(reach, renameAnswer, path, { method: 'PATCH', body: { title } })
  if (json) return sayJson(shell, answer)
  say(shell, `${answer.chat.id} is called ${plainLine(answer.chat.title ?? 'nothing')}`)
}

export const deleteChat = async (
  shell: Shell,
  reach: Reach,
  chatId: string,
  { json, yes }: Format & { readonly yes?: true },
): Promise<void> => {
  if (!yes && !(await isConfirmed(shell, chatId))) return note(shell, 'Nothing was deleted.')
  await ask(reach, pathOf(ROUTES.chat, { chatId }), { method: 'DELETE' })
  if (json) sayJson(shell, { deleted: chatId })
  else say(shell, `deleted ${chatId}`)
}

const isConfirmed = async ({ stdin, stderr, signal }: Shell, chatId: string): Promise<boolean> => {
  if (!stdin.isTTY)
    throw new UsageError('What is deleted cannot be brought back: say --yes to delete it.')
  using lines = createInterface({ input: stdin, output: stderr })
  const answer = await lines.question(`Delete chat ${chatId} with all its runs? [y/N] `, { signal })
  return /^y(es)?$/i.test(answer.trim())
}

type ChatRow = z.output<typeof chatsAnswer>['chats'][number]

const COLUMNS: readonly Column<ChatRow>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'TITLE', of: ({ title }) => title ?? '-', flexible: true },
  { head: 'LATEST RUN', of: ({ latestRun }) => latestRun?.status ?? '-' },
  { head: 'UPDATED', of: ({ updatedAt }) => localTime(updatedAt) },
]
