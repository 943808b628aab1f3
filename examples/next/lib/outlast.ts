/** Outlast, once in a process: Next bundles this module for each route and page, and again at each change of a source. */
import { openai } from '@ai-sdk/openai'
import { currentUser } from './session.ts'

const { DATABASE_URL, OPENAI_API_KEY } = process.env

const open = async () => {
  // Node loads it as it is, once; `outlast/react` has to be bundled, with the React of Next.
  const { createDemoModel, createOutlast, createOutlastHandler, defineAgent } = await import(
    /* turbopackIgnore: true */ 'outlast'
  )
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
  const handler = createOutlastHandler(outlast, { basePath: '/api', authenticate: currentUser })
  return { outlast, handler }
}

const shared = globalThis as { opened?: ReturnType<typeof open> }

/** Opened when it is wanted first: `next build` loads this module too, and wants nothing. */
export const getOutlast = () => (shared.opened ??= open())
