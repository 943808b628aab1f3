/** The connections that never end by themselves: of everything that the caller has, and of one chat. */
import type { Context } from 'hono'
import type { ChatFeedNews, EngineApi, Feed, FeedNews, FramesNews } from '../engine/api.ts'
import { frameOffset } from '../engine/tail/replay.ts'
import type { ChatEnvelope, ChunkEnvelope, FeedEnvelope } from '../protocol/envelopes.ts'
import { followQuery, parseFollowQuery } from '../protocol/follow-query.ts'
import { problemOf } from '../protocol/problem.ts'
import { ROUTES } from '../protocol/routes.ts'
import { parseChatId } from '../protocol/schemas.ts'
import { encodeSse, FOLLOW_HEADERS } from '../protocol/sse.ts'
import { formatStreamPosition } from '../protocol/stream-position.ts'
import type { Env } from './env.ts'
import type { ReaderPlace, Readers } from './readers.ts'
import type { Route } from './route.ts'
import { sendStream, type StreamOptions } from './send-stream.ts'
import { shuttingDown, streamBatches } from './stream-batches.ts'
import { POSITION, positionOf, STREAM } from './stream-position.ts'

export type FollowRoutesOptions = StreamOptions & {
  readonly engine: Pick<EngineApi, 'follow' | 'followChat'>
  readonly readers: Readers
}

export const followRoutes = (options: FollowRoutesOptions): Route[] => {
  const { engine, readers, keepAliveMs, onError } = options

  const send = <News>(
    c: Context<Env>,
    place: ReaderPlace,
    batches: Feed<News>,
    encode: (news: News) => string,
  ): Promise<Response> =>
    sendStream(
      c,
      {
        place,
        headers: FOLLOW_HEADERS,
        write: async (sink) => {
          const encodeAll = (news: readonly News[]) => news.map(encode).join('')
          const stream = { sink, batches, encode: encodeAll, keepAliveMs, onError }
          if ((await streamBatches(stream)) === 'ended') sink.destroy(shuttingDown())
        },
      },
      options,
    )

  const follow = async (c: Context<Env>) => {
    const principal = c.get('principal')
    const query = parseFollowQuery(c.req.queries())
    using place = readers.enter(principal)
    const encode = (news: FeedNews) => {
      if (news.type === 'problem' && problemOf(news.error).code === 'INTERNAL_ERROR')
        onError(news.error)
      return feedText(news)
    }
    return await send(c, place, engine.follow(principal, query), encode)
  }

  const followChat = async (c: Context<Env>) => {
    const principal = c.get('principal')
    const chatId = parseChatId(c.req.param('chatId') ?? '')
    const position = positionOf(c)
    using place = readers.enter(principal)
    return await send(c, place, await engine.followChat(principal, chatId, position), chatText)
  }

  return [
    {
      method: 'GET',
      path: ROUTES.follow,
      id: 'follow',
      summary: 'Follows all chats of the caller, and reads runs beside that. Never ends.',
      query: followQuery,
      answers: { 200: STREAM },
      ticket: true,
      problems: ['TOO_MANY_READERS'],
      handle: follow,
    },
    {
      method: 'GET',
      path: ROUTES.chatFollow,
      id: 'followChat',
      summary: 'Follows one chat and reads its runs, one after the other. Never ends.',
      ...POSITION,
      answers: { 200: STREAM },
      ticket: true,
      problems: ['RUN_NOT_FOUND', 'TOO_MANY_READERS'],
      handle: followChat,
    },
  ]
}

const feedText = (news: FeedNews): string => {
  switch (news.type) {
    case 'frames':
      return chunksOf(news)
        .map((chunk) => feedMessage({ ...chunk, reader: news.reader }))
        .join('')
    case 'problem':
      return feedMessage({ type: 'problem', reader: news.reader, problem: problemOf(news.error) })
    default:
      return feedMessage(news)
  }
}

const chatText = (news: ChatFeedNews): string => {
  if (news.type !== 'frames') return chatMessage(news)
  return chunksOf(news)
    .map((chunk) => chatMessage(chunk, formatStreamPosition(chunk.offset, chunk.runId)))
    .join('')
}

const chunksOf = ({ runId, frames }: FramesNews): ChunkEnvelope[] =>
  frames.map((frame) => ({ type: 'chunk', runId, offset: frameOffset(frame), chunk: frame.chunk }))

const feedMessage = (envelope: Sent<FeedEnvelope>): string => encodeSse(envelope)
const chatMessage = (envelope: Sent<ChatEnvelope>, id?: string): string => encodeSse(envelope, id)

/** What is written to the wire is not changed any more. */
type Sent<T> = T extends ChunkEnvelope ? T : Fixed<T>
type Fixed<T> = T extends object ? { readonly [Key in keyof T]: Fixed<T[Key]> } : T
