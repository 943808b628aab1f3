import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { scriptedModel } from '../support/scripted-model.ts'
import { serving, type Serving } from './serving.ts'

const HTML = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }

let folder: string
let server: Serving

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlast-page-'))
  await mkdir(join(folder, 'assets'))
  for (const [name, text] of Object.entries({
    'index.html': '<!doctype html>',
    'assets/a.js': 'run()',
  })) {
    await writeFile(join(folder, name), text)
    await writeFile(join(folder, `${name}.gz`), gzipSync(text))
  }
  server = await serving(defineAgent({ name: 'a', model: scriptedModel(() => []) }), {
    page: folder,
  })
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

test.each(['/', '/chats/a1', '/runs?status=failed', '/overview', '/no/such/page'])(
  'whoever goes to %s gets the page, which knows its own addresses',
  async (path) => {
    const answer = await fetch(server.url + path, HTML)
    expect(answer.status).toBe(200)
    expect(await answer.text()).toBe('<!doctype html>')
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(answer.headers.get('cache-control')).toBe('no-cache')
  },
)

test.each(['/chats/a1', '/assets/gone-a1.js'])(
  'what asks for %s as no person does gets a problem, not the page',
  async (path) => {
    const answer = await fetch(server.url + path)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
  },
)

test.each([
  ['gzip, deflate, br, zstd', 'gzip'],
  ['br;q=1, gzip;q=0.5', 'gzip'],
  ['gzip;q=0, br', null],
  ['identity', null],
])('a browser that reads %s gets files as %s', async (read, sent) => {
  for (const path of ['/', '/assets/a.js']) {
    const answer = await fetch(server.url + path, { headers: { 'accept-encoding': read } })
    expect(answer.headers.get('content-encoding')).toBe(sent)
    expect(await answer.text()).toBe(path === '/' ? '<!doctype html>' : 'run()')
  }
})

test('an address of the API is never the page', async () => {
  for (const path of ['/ai-chat/no/such/route', '/ai-chat/none', '/ai-chat/runs/none']) {
    const answer = await fetch(server.url + path, HTML)
    expect(answer.headers.get('content-type'), path).toBe('application/problem+json')
    expect(answer.status, path).toBe(404)
  }
})
