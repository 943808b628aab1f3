/** What a connection that follows everything is asked for. */
import { z } from 'zod'
import { isClientId } from '../domain/message.ts'
import { parseOffset, type Position } from '../domain/position.ts'
import { MAX_FOLLOWED } from './envelopes.ts'
import { clientId, parse } from './parse.ts'

export type FollowQuery = {
  readonly chats: readonly string[]
  readonly runs: readonly { readonly runId: string; readonly after?: Position | undefined }[]
}

const RUN_RULE = 'a run is <runId>, or <runId>/<offset> with an offset that this server sent'

const readRun = (text: string): FollowQuery['runs'][number] | undefined => {
  const [runId = '', offset, ...rest] = text.split('/')
  const after = offset === undefined ? undefined : parseOffset(offset)
  const isPlace = isClientId(runId) && rest.length === 0 && (offset === undefined || after)
  return isPlace ? { runId, after } : undefined
}

export const followQuery = z.object({
  chat: z
    .array(clientId('the id of a chat'))
    .default([])
    .meta({ description: 'Chats to follow in depth, by their ids.' }),
  run: z
    .array(z.string().refine((text) => readRun(text) !== undefined, { error: RUN_RULE }))
    .default([])
    .meta({
      description: 'Runs to read: `<runId>` from its start, `<runId>/<offset>` from there on.',
    }),
})

const counted = followQuery.refine(({ chat, run }) => chat.length + run.length <= MAX_FOLLOWED, {
  error: `one connection follows at most ${MAX_FOLLOWED} chats and runs together`,
})

/** @throws InvalidRequestError */
export const parseFollowQuery = (query: Readonly<Record<string, string[]>>): FollowQuery => {
  const { chat, run } = parse(counted, query, [], 'query')
  return { chats: [...new Set(chat)], runs: run.flatMap((text) => readRun(text) ?? []) }
}
