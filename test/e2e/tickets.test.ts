/** The page of docs/identity.md in a real browser: a stream and an image of a server with users, without a token in any address. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createOutlastHandler, toNodeHandler } from '../../src/handler.ts'
import { tokenIdentity } from '../../src/http/identity/token-identity.ts'
import { createBarrier } from '../support/barrier.ts'
import { launchBrowser } from '../support/browser.ts'
import { testOutlast, withRealClock, type TestOutlast } from '../support/engine.ts'
import { finishPart, scriptedModel } from '../support/scripted-model.ts'

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const barrier = createBarrier()
const agent = defineAgent({
  name: 'a',
  model: scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'Before' }
    await barrier.wait()
    yield { type: 'text-delta', id: '0', delta: ' and after' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  }),
})

let outlast: TestOutlast
let server: Server
let browser: Browser
let url: string
const addresses: string[] = []

beforeAll(async () => {
  outlast = await testOutlast([agent], {}, withRealClock)
  const api = toNodeHandler(createOutlastHandler(outlast, { authenticate: tokenIdentity(outlast) }))
  const page = await readFile(new URL('../../docs/identity.md', import.meta.url), 'utf8')
  const code = /^## Where no header can be sent.*?^```ts\n(.*?)^```$/ms.exec(page)![1]!
  const script = stripTypeScriptTypes(code)
  server = createServer((request, response) => {
    addresses.push(request.url!)
    if (request.url!.startsWith('/ai-chat')) return api(request, response)
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    return response.end(isScript ? script : '<!doctype html><link rel="icon" href="data:,"><img>')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  server?.closeAllConnections()
  server?.close()
  await outlast?.[Symbol.asyncDispose]()
})

test('an EventSource whose connection is cut goes on with another ticket, and an image is seen', async () => {
  const { principal, engine } = outlast
  const { token } = await outlast.tokens.create({ principal, name: 'page' })
  const run = await outlast.ask('Hi')
  const content = Uint8Array.from(Buffer.from(PIXEL, 'base64'))
  const file = await engine.files.upload(principal, {
    content,
    mediaType: 'image/png',
    filename: undefined,
  })
  const page = await browser.newPage()
  await page.goto(url)
  const names = { token, runId: run.id, image: file.url }
  await page.evaluate((given) => Object.assign(globalThis, given, { text: '' }), names)
  await page.addScriptTag({
    type: 'module',
    content: `import { show, read } from '/page.js'
      await show(document.querySelector('img'), image)
      await read(runId, (chunk) => {
        text += chunk.delta ?? ''
        globalThis.ended ||= chunk.type === 'finish'
      })`,
  })
  await page.waitForFunction('text === "Before"')
  server.closeAllConnections()
  barrier.release()
  await page.waitForFunction('globalThis.ended')
  expect(await page.evaluate('text')).toBe('Before and after')
  await page.waitForFunction('document.querySelector("img").naturalWidth === 1')
  const streams = addresses.filter((address) => address.includes('/stream'))
  expect(streams.length).toBeGreaterThanOrEqual(2)
  for (const address of streams) expect(address).toMatch(/[?&]ticket=olt_/)
  expect(addresses.join()).not.toContain(token)
})
