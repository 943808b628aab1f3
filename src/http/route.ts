/** A route: what it is called, what it takes, what it answers and what answers it. The table of them is the API. */
import type { Context } from 'hono'
import type { z } from 'zod'
import { MethodNotAllowedError } from '../domain/errors.ts'
import type { ProblemCode } from '../protocol/problem.ts'
import type { HttpApp } from './app.ts'
import type { Env } from './env.ts'
import { API_HEADERS } from './headers.ts'

type Handler = (c: Context<Env>) => Promise<Response> | Response

/** Answers on a path, whether the API describes it or not. */
export type Mountable = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** One of `ROUTES`; its parameters are described in `openapi.ts`. */
  readonly path: string
  readonly handle: Handler
}

export type Answer = {
  readonly says: string
  /** `application/json` unless set. */
  readonly type?: string
  /** Of a JSON body; an answer without schema and type has none. */
  readonly schema?: z.ZodType
}

export type Route = Mountable & {
  /** Unique, and what generated clients call it. */
  readonly id: string
  readonly summary: string
  /** Answered without asking who it is for. */
  readonly open?: true
  /** Takes `?ticket=` where a caller can send no header; on GET, and nothing else. */
  readonly ticket?: true
  /** The parameters after the question mark. */
  readonly query?: z.ZodObject
  /** Optional headers that the route looks at. */
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType
  /** The body is a file. */
  readonly upload?: true
  /** By status; those that are no problem. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Beside those that every route has. */
  readonly problems?: readonly ProblemCode[]
}

export const json = (data: unknown, status = 200): Response =>
  Response.json(data, { status, headers: API_HEADERS })

/** Each path answers its methods and says which they are to all others. */
export const mount = (app: HttpApp, routes: readonly Mountable[]): void => {
  for (const path of [...new Set(routes.map((route) => route.path))].toSorted(literalsFirst)) {
    const own = routes.filter((route) => route.path === path)
    for (const { method, handle } of own) app.on(method, path, handle)
    const allow = own.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    app.all(path, (c) => {
      throw new MethodNotAllowedError(c.req.method, allow)
    })
  }
}

/** A word of a route is never taken for the id that may stand in its place. */
const literalsFirst = (one: string, other: string): number =>
  shapeOf(one) < shapeOf(other) ? -1 : Number(shapeOf(one) > shapeOf(other))

/** `0` for a word and `1` for a parameter. */
const shapeOf = (path: string): string =>
  path.replaceAll(/\/(:?)[^/]*/g, (_, colon) => (colon ? '1' : '0'))
