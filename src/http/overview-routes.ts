/** The route of the overview: what the caller's runs came to, and which workers there are. */
import type { Context } from 'hono'
import type { OverviewApi } from '../engine/catalog-api.ts'
import { overviewAnswer, overviewQuery, parseOverviewQuery } from '../protocol/overview.ts'
import { ROUTES } from '../protocol/routes.ts'
import type { Env } from './env.ts'
import { json, type Route } from './route.ts'

export const overviewRoutes = (overview: OverviewApi): Route[] => [
  {
    method: 'GET',
    path: ROUTES.overview,
    id: 'getOverview',
    summary:
      'What the runs of the caller came to in a stretch of time, and which workers there are.',
    query: overviewQuery,
    answers: { 200: { says: 'By time, model, agent and error.', schema: overviewAnswer } },
    handle: async (c: Context<Env>) => {
      const range = parseOverviewQuery(c.req.query(), new Date())
      return json(await overview.look(c.get('principal'), range))
    },
  },
]
