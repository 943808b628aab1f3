/** What the server says of itself: that it is there, and what it can be asked. */
import { z } from 'zod'
import { healthAnswer } from '../protocol/answers.ts'
import { ROUTES } from '../protocol/routes.ts'
import { describeApi } from './openapi.ts'
import { json, type Route } from './route.ts'

/** @param health - what the health check says beside `status` */
export const serverRoutes = (
  routes: readonly Route[],
  health: Readonly<Record<string, unknown>> = {},
): Route[] => {
  const own: Route[] = [
    {
      method: 'GET',
      path: ROUTES.health,
      id: 'getHealth',
      summary: 'Whether the server is there.',
      open: true,
      answers: { 200: { says: 'It is.', schema: healthAnswer } },
      handle: () => json({ status: 'ok', ...health }),
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
