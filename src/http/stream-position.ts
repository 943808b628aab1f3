/** Where a reader continues, as its request says it; and what the description says of streams. */
import type { Context } from 'hono'
import { z } from 'zod'
import { parseStreamPosition, type StreamPosition } from '../protocol/stream-position.ts'
import type { Env } from './env.ts'

export const STREAM = { says: 'A stream of frames.', type: 'text/event-stream' }

const position = z.string().optional()

export const POSITION = {
  query: z.object({ after: position.meta({ description: 'The `id:` of the last frame it has.' }) }),
  headers: z.object({ 'Last-Event-ID': position.meta({ description: 'The same; wins.' }) }),
}

/** The header wins: a reader that reconnects by itself repeats its address unchanged. */
export const positionOf = ({ req }: Context<Env>): StreamPosition | undefined => {
  const text = req.header('last-event-id') || req.query('after')
  return text ? parseStreamPosition(text) : undefined
}
