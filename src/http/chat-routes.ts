/** The routes of chats and runs: what HTTP says becomes a call of the engine, and its answer HTTP. */
import type { Context } from 'hono'
import { z } from 'zod'
import { ChatNotFoundError, InvalidRequestError, RunNotFoundError } from '../domain/errors.ts'
import { isClientId } from '../domain/message.ts'
import type { Principal } from '../domain/run.ts'
import type { Attachment, EngineApi } from '../engine/api.ts'
import { decidedAnswer, latestRunAnswer, stopAnswer } from '../protocol/answers.ts'
import { decisionsBody, parseDecisions } from '../protocol/decisions.ts'
import { ROUTES } from '../protocol/routes.ts'
import {
  chatBody,
  idempotencyKey,
  messageId,
  parseChatBody,
  parseChatId,
  parseIdempotencyKey,
  parseMessageId,
  parseStop,
  parseTurn,
  stopBody,
  turnBody,
} from '../protocol/schemas.ts'
import type { StreamPosition } from '../protocol/stream-position.ts'
import type { Env } from './env.ts'
import { readJson } from './json-body.ts'
import type { ReaderPlace, Readers } from './readers.ts'
import { json, type Route } from './route.ts'
import { sendRun } from './send-run.ts'
import type { StreamOptions } from './send-stream.ts'
import { POSITION, positionOf, STREAM } from './stream-position.ts'

export type ChatRoutesOptions = StreamOptions & {
  readonly engine: EngineApi
  readonly maxBodyBytes: number
  readonly readers: Readers
}

export const chatRoutes = (options: ChatRoutesOptions): Route[] => {
  const { engine, maxBodyBytes } = options
  const bodyOf = (c: Context<Env>) => readJson(c.req.raw, maxBodyBytes)
  const attach = (
    c: Context<Env>,
    place: ReaderPlace,
    attachment: Attachment | undefined,
    runId?: string,
  ) =>
    attachment
      ? sendRun(c, { attachment, runId, place }, options)
      : new Response(null, { status: 204 })

  /** Whoever may not read is told so before anything begins. */
  const reading =
    (handle: (c: Context<Env>, place: ReaderPlace) => Promise<Response>) =>
    async (c: Context<Env>) => {
      using place = options.readers.enter(c.get('principal'))
      return await handle(c, place)
    }

  const start = async (c: Context<Env>, place: ReaderPlace) => {
    const principal = c.get('principal')
    const { attachment, bound } = await begin(c, principal)
    const stop = async () => {
      await engine.stop(principal, { runId: attachment.run.id })
    }
    return sendRun(c, { attachment, place, onLeave: bound ? stop : undefined }, options)
  }

  /** The body may be large: nothing of it outlives this function. */
  const begin = async (c: Context<Env>, principal: Principal) => {
    const idempotencyKey = parseIdempotencyKey(c.req.header('idempotency-key'))
    const turn = parseTurn(await bodyOf(c))
    if (turn.kind === 'continue') {
      const { chatId, messageId, answers } = turn
      const target = { chatId, messageId }
      const { bound, attach } = await engine.decide({ principal, target, answers })
      return { attachment: await attach(), bound }
    }
    const { run, started } = await engine.startTurn({ principal, idempotencyKey, ...turn })
    // Whoever repeats the request of a bound run watches it; it stays bound to the socket that began it.
    const bound = run.bound && started
    return { attachment: await engine.attachOwn(run, turn.chatId), bound }
  }

  const decide = async (c: Context<Env>) => {
    const principal = c.get('principal')
    const runId = c.req.param('runId') ?? ''
    if (!isClientId(runId)) throw new RunNotFoundError(`There is no run ${runId} here.`)
    const answers = parseDecisions(await bodyOf(c))
    const { run } = await engine.decide({ principal, target: { runId }, answers })
    return json({ run })
  }

  const attachToRun = async (c: Context<Env>, place: ReaderPlace) => {
    const runId = c.req.param('runId') ?? ''
    if (!isClientId(runId)) throw new RunNotFoundError(`There is no run ${runId} here.`)
    const position = positionOf(c)
    if (position?.runId !== undefined && position.runId !== runId)
      throw new InvalidRequestError('The id in Last-Event-ID or ?after= is one of another run.')
    const attachment = await engine.attach(c.get('principal'), { runId }, afterOf(position))
    return attach(c, place, attachment)
  }

  const attachToChat = async (c: Context<Env>, place: ReaderPlace) => {
    const chatId = chatIdOf(c)
    const principal = c.get('principal')
    const position = positionOf(c)
    const latest = await engine.attach(
      principal,
      { chatId },
      position ? afterOf(position) : haveOf(c),
    )
    const runId = position?.runId ?? latest?.run.id
    if (!latest || runId === undefined || latest.run.id === runId)
      return attach(c, place, latest, runId)
    const attachment = await engine.attach(principal, { runId }, afterOf(position))
    if (attachment && attachment.run.chatId !== latest.run.chatId)
      throw new RunNotFoundError(`There is no run ${runId} in this chat.`)
    return attach(c, place, attachment, runId)
  }

  const stop = async (c: Context<Env>) => {
    const stopped = await engine.stop(c.get('principal'), parseStop(await bodyOf(c)))
    return json({ stopped })
  }

  const latestRun = async (c: Context<Env>) => {
    const principal = c.get('principal')
    const { chatId } = parseChatBody(await bodyOf(c))
    const latest = await engine.latest(principal, chatId)
    if (latest) return json(latest)
    throw new ChatNotFoundError(`There is no chat ${chatId} here.`)
  }

  const starting = {
    method: 'POST',
    headers: z.object({
      'Idempotency-Key': idempotencyKey.optional().meta({
        description: 'The same again, in the same chat, attaches to the run that it began.',
      }),
    }),
    body: turnBody,
    answers: { 200: STREAM },
    problems: [
      'MESSAGE_NOT_FOUND',
      'A_RUN_ALREADY_ACTIVE',
      'NOT_WAITING',
      'TOO_MANY_ACTIVE_RUNS',
      'QUEUE_FULL',
      'TOO_MANY_READERS',
      'STORAGE_FULL',
      'ENGINE_STOPPING',
    ],
    handle: reading(start),
  } as const
  const attaching = {
    method: 'GET',
    ticket: true,
    ...POSITION,
    answers: { 200: STREAM, 204: { says: 'There is nothing to attach to.' } },
  } as const

  return [
    {
      ...starting,
      path: ROUTES.start,
      id: 'startRun',
      summary: 'Starts a run for a new message and streams it.',
    },
    {
      ...starting,
      path: ROUTES.startStream,
      id: 'startRunStream',
      summary: 'The same as `startRun`.',
    },
    {
      method: 'POST',
      path: ROUTES.stop,
      id: 'stopRun',
      summary: 'Asks a run, or the latest run of a chat, to stop.',
      body: stopBody,
      answers: { 200: { says: 'Whether the run will settle as aborted.', schema: stopAnswer } },
      problems: ['RUN_NOT_FOUND'],
      handle: stop,
    },
    {
      method: 'POST',
      path: ROUTES.run,
      id: 'getLatestRun',
      summary: 'The latest run of a chat and its answer.',
      body: chatBody,
      answers: {
        200: { says: 'Both are null for a chat without a run.', schema: latestRunAnswer },
      },
      problems: ['CHAT_NOT_FOUND'],
      handle: latestRun,
    },
    {
      method: 'POST',
      path: ROUTES.decisions,
      id: 'decide',
      summary: 'Decides about calls that a run waits for: approvals, and outputs of client tools.',
      body: decisionsBody,
      answers: { 200: { says: 'The run; it goes on once nothing waits.', schema: decidedAnswer } },
      problems: ['RUN_NOT_FOUND', 'A_RUN_ALREADY_ACTIVE', 'NOT_WAITING', 'ENGINE_STOPPING'],
      handle: decide,
    },
    {
      ...attaching,
      path: ROUTES.runStream,
      id: 'streamRun',
      summary: 'Streams a run, from its start or a position, also when it has settled.',
      problems: ['RUN_NOT_FOUND', 'OFFSET_GONE', 'TOO_MANY_READERS'],
      handle: reading(attachToRun),
    },
    {
      ...attaching,
      path: ROUTES.chatStream,
      id: 'streamChat',
      summary: 'Streams the active run of a chat; with a position, the rest of the run it names.',
      query: POSITION.query.extend({
        have: messageId.meta({
          description: 'The last message it has: the latest answer comes, if it lacks that.',
        }),
      }),
      problems: ['RUN_NOT_FOUND', 'OFFSET_GONE', 'TOO_MANY_READERS'],
      handle: reading(attachToChat),
    },
  ]
}

const chatIdOf = (c: Context<Env>): string => parseChatId(c.req.param('chatId') ?? '')

const afterOf = (position: StreamPosition | undefined) =>
  position ? { after: position.after } : {}

/** The last message that the reader has; who has none says nothing. */
const haveOf = ({ req }: Context<Env>): { readonly have?: string } => {
  const text = req.query('have')
  return text ? { have: parseMessageId(text) } : {}
}
