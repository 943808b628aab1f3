/** Outlast in an Express application that knows its users by express-session. */
import { openai } from '@ai-sdk/openai'
import express from 'express'
import session from 'express-session'
import {
  createDemoModel,
  createOutlast,
  createOutlastHandler,
  defineAgent,
  toNodeHandler,
} from 'outlast'

declare module 'express-session' {
  interface SessionData {
    user: string
  }
}

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

const outlastHandler = createOutlastHandler(outlast, {
  // `incoming` is Express's own request, with what the middleware before us found out.
  authenticate: (_request, { incoming }) => {
    const userId = (incoming as express.Request).session.user
    return userId === undefined ? null : { workspaceId: 'acme', userId }
  },
})

const app = express()
app.use(
  session({
    secret: SESSION_SECRET,
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax' },
  }),
)
// Before express.json(), which would read the body away.
app.use('/api', toNodeHandler(outlastHandler))

// Whoever says a name is that user: your own way to sign in stands here.
app.post('/sign-in', express.urlencoded(), (request, response) => {
  const { name } = request.body as { name?: unknown }
  if (typeof name !== 'string' || name === '') return response.status(400).send('Say your name.')
  request.session.user = name
  return response.redirect('/')
})
app.get('/', (_request, response) => response.send('node express/client.ts talks to me.'))

const server = app.listen(Number(PORT), () => {
  const address = server.address()
  if (typeof address === 'object') console.log(`Listening on http://localhost:${address?.port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  await outlast.close() // a step that runs may end; what is left of a run goes on in the next process
})
