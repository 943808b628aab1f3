/**
 * Outlast as it is served, on the database that the first argument names: a URL, or the folder of an embedded one. The second
 * one is JSON: the `DurableRole` of this process, if it has but one.
 */
import { createHttpApp } from '../../src/http/app.ts'
import { serveHttp } from '../../src/http/serve.ts'
import { createOutlast, defineAgent, type OutlastOptions } from '../../src/index.ts'
import { answerParent } from '../rpc.ts'
import { USER_HEADER, USERS } from '../script.ts'
import { commonMethods } from './methods.ts'
import { benchModel, benchTools } from './model.ts'

const principalOf = (user: number) => ({ workspaceId: 'bench', userId: `user-${user}` })

export type DurableRole = Pick<OutlastOptions, 'concurrency' | 'redis'>

const [where = '', role = '{}'] = process.argv.slice(2)
const errors: string[] = []
const onError = (error: Error) => void errors.push(error.stack ?? error.message)

const outlast = await createOutlast({
  database: where.includes('://') ? { url: where } : { dataDir: where },
  agents: [
    defineAgent({
      name: 'bench',
      model: benchModel,
      instructions: 'You are a helpful assistant.',
      tools: benchTools,
      maxSteps: 100,
    }),
  ],
  limits: { activeRuns: 10_000, readers: 10_000 },
  ...(JSON.parse(role) as DurableRole),
  onError,
})
for (let user = 0; user < USERS; user++) await outlast.principals.ensure(principalOf(user))
const app = createHttpApp({
  engine: outlast.engine,
  chats: outlast.chats,
  runs: outlast.runs,
  overview: outlast.overview,
  tickets: outlast.tickets,
  principals: outlast.principals,
  authenticate: async ({ headers }) => principalOf(Number(headers.get(USER_HEADER))),
  onError,
})
const http = await serveHttp({ app, host: '127.0.0.1', port: 0, onError })

const methods = {
  ...commonMethods,
  url: () => `http://127.0.0.1:${http.port}`,
  /** What went wrong in the background since this was asked last. */
  takeErrors: (): readonly string[] => errors.splice(0),
}

export type DurableMethods = typeof methods
answerParent(methods)
