/** What the server says of itself: that it is there, and what it can be asked. */
import { z } from 'zod'
import { healthAnswer, readinessAnswer } from '../protocol/answers.ts'
import { ROUTES } from '../protocol/routes.ts'
import { describeApi } from './openapi.ts'
import { json, type Route } from './route.ts'

export type ServerRoutesOptions = {
  /** What the health check says beside `status`. */
  readonly health?: Readonly<Record<string, unknown>>
  /** What both checks say of Redis, where there is one: it decides neither. */
  readonly redis?: (() => 'ok' | 'away') | undefined
  readonly readiness?: () => Promise<Readonly<Record<string, boolean>>>
}

export const serverRoutes = (
  routes: readonly Route[],
  { health = {}, redis, readiness = async () => ({}) }: ServerRoutesOptions,
): Route[] => {
  const told = () => (redis ? { redis: redis() } : {})
  const own: Route[] = [
    {
      method: 'GET',
      path: ROUTES.health,
      id: 'getHealth',
      summary: 'Whether the server is there.',
      open: true,
      answers: { 200: { says: 'It is.', schema: healthAnswer } },
      handle: () => json({ status: 'ok', ...health, ...told() }),
    },
    {
      method: 'GET',
      path: ROUTES.ready,
      id: 'getReadiness',
      summary: 'Whether requests should be sent to this server.',
      open: true,
      answers: {
        200: { says: 'They should.', schema: readinessAnswer },
        503: { says: 'Not now; `checks` says why.', schema: readinessAnswer },
      },
      handle: async () => {
        const checks = await readiness()
        const ready = Object.values(checks).every(Boolean)
        return json({ ready, checks, ...told() }, ready ? 200 : 503)
      },
    },
    {
      method: 'GET',
      path: ROUTES.openapi,
      id: 'getApiDescription',
      summary: 'This description.',
      open: true,
      answers: { 200: { says: 'An OpenAPI 3.1 document.', schema: z.looseObject({}) } },
      handle: () => json((description ??= describeApi([...routes, ...own]))),
    },
  ]
  let description: ReturnType<typeof describeApi> | undefined
  return own
}
