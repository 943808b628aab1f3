/** An application with Outlast in it, for tests: its page is rendered in the browser, or here first. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tool } from 'ai'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { defineAgent } from '../../../../src/agent/define-agent.ts'
import { createOutlastHandler, toNodeHandler } from '../../../../src/handler.ts'
import { createOutlast } from '../../../../src/outlast.ts'
import type { Render, Rendered } from './render.tsx'

const { PORT, OUTLAST_DATA_DIR: dataDir = '', PAGE_DIR = '', MODEL_URL = '' } = process.env

const ANN = { workspaceId: 'acme', userId: 'ann' }

const outlast = await createOutlast({
  database: { dataDir },
  agents: [
    defineAgent({
      name: 'assistant',
      model: createOpenAICompatible({ name: 'fake', baseURL: MODEL_URL, apiKey: 'none' })('fake'),
      tools: {
        pay: tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'paid' }),
      },
    }),
  ],
  onError: (error, { during }) => console.error(during, error),
})
await outlast.principals.ensure(ANN)
const api = toNodeHandler(createOutlastHandler(outlast, { authenticate: () => ANN }))

const html = ({ markup, given }: Rendered) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>A chat</title>
<script src="/recorder.js"></script>
<div id="root">${markup}</div>
<script id="given" type="application/json">${JSON.stringify(given).replaceAll('<', '\\u003c')}</script>
<script type="module" src="/page.js"></script>
</html>`

const send = (response: ServerResponse, type: string, body: string | Buffer) => {
  response.setHeader('content-type', `${type}; charset=utf-8`)
  response.end(body)
}

/** `?rendered` is rendered here; `?chat` is which one. */
const page = async (address: URL): Promise<Rendered> => {
  const chatId = address.searchParams.get('chat') ?? ''
  if (!address.searchParams.has('rendered')) return { markup: '', given: null }
  const { messages, activeRun } = await outlast.chats.messages(ANN, chatId, {})
  const built: unknown = await import(pathToFileURL(join(PAGE_DIR, 'render.mjs')).href)
  const { render } = built as { readonly render: Render }
  return render(chatId, { messages, activeRun })
}

const server = createServer((request, response) => {
  const address = new URL(request.url!, 'http://localhost')
  const { pathname } = address
  if (pathname.startsWith('/ai-chat')) return api(request, response)
  if (pathname === '/elsewhere') return send(response, 'text/html', '<!doctype html><p>Elsewhere')
  const answer = pathname.endsWith('.js')
    ? readFile(join(PAGE_DIR, pathname)).then((body) => send(response, 'text/javascript', body))
    : page(address).then((rendered) => send(response, 'text/html', html(rendered)))
  answer.catch((error: unknown) => {
    console.error(error)
    response.destroy()
  })
})
server.listen(Number(PORT), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(`Outlast  http://127.0.0.1:${port}`)
})
