/** Outlast in a Hono application that knows its users by a signed cookie. */
import { openai } from '@ai-sdk/openai'
import { serve } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { setSignedCookie } from 'hono/cookie'
import { parseSigned } from 'hono/utils/cookie'
import { createDemoModel, createOutlast, createOutlastHandler, defineAgent } from 'outlast'

const { DATABASE_URL, OPENAI_API_KEY, PORT = '3000' } = process.env
/** Until you set it, everybody has to sign in again when the process starts again. */
const { SESSION_SECRET = crypto.randomUUID() } = process.env

const assistant = defineAgent({
  name: 'assistant',
  model: OPENAI_API_KEY ? openai.chat('gpt-5-mini') : createDemoModel(),
  instructions: 'You are a helpful assistant.',
})

const outlast = await createOutlast({
  database: DATABASE_URL ? { url: DATABASE_URL } : { dataDir: '.outlast' },
  agents: [assistant],
  onError: (error, { during }) => console.error(during, error),
})

const userOf = async (request: Request) => {
  const cookies = request.headers.get('cookie') ?? ''
  return (await parseSigned(cookies, SESSION_SECRET, 'user'))['user'] || undefined
}

const outlastHandler = createOutlastHandler(outlast, {
  basePath: '/api',
  authenticate: async (request) => {
    const userId = await userOf(request)
    return userId === undefined ? null : { workspaceId: 'acme', userId }
  },
})

const app = new Hono()
app.all('/api/ai-chat', (c) => outlastHandler(c.req.raw))
app.all('/api/ai-chat/*', (c) => outlastHandler(c.req.raw))

// Whoever says a name is that user: your own way to sign in stands here.
app.post('/sign-in', async (c) => {
  const { name } = await c.req.parseBody()
  if (typeof name !== 'string' || name === '') return c.text('Say your name.', 400)
  await setSignedCookie(c, 'user', name, SESSION_SECRET, { httpOnly: true, sameSite: 'Lax' })
  return c.redirect('/')
})
app.get('/*', serveStatic({ root: `${import.meta.dirname}/dist` }))

const server = serve({ fetch: app.fetch, port: Number(PORT) }, ({ port }) =>
  console.log(`Listening on http://localhost:${port}`),
)

process.once('SIGTERM', async () => {
  server.close()
  await outlast.close() // a step that runs may end; what is left of a run goes on in the next process
})
