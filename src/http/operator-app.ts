/** What those who look after a process may ask it, on a port of its own: they need not get near the API. */
import { Hono } from 'hono'
import { ROUTES } from '../protocol/routes.ts'
import type { Env } from './env.ts'
import type { HttpApp } from './app.ts'
import { mount } from './route.ts'
import { serverRoutes, type ServerRoutesOptions } from './server-routes.ts'

export type OperatorAppOptions = ServerRoutesOptions & {
  /** In the format of Prometheus, and what that is called. */
  readonly metrics: () => Promise<string>
  readonly metricsType: string
}

const CHECKS: readonly string[] = [ROUTES.health, ROUTES.ready]

export const createOperatorApp = ({
  metrics,
  metricsType,
  ...checks
}: OperatorAppOptions): HttpApp => {
  const app = new Hono<Env>()
  mount(app, [
    ...serverRoutes([], checks).filter(({ path }) => CHECKS.includes(path)),
    {
      method: 'GET',
      path: '/metrics',
      handle: async (c) => c.body(await metrics(), 200, { 'content-type': metricsType }),
    },
  ])
  return app
}
