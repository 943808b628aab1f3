import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))

// Each snippet is a process, and most of them open a database.
vi.setConfig({ testTimeout: 120_000 })

/** TypeScript blocks of a page, in their order; with `tsx` those of React. */
const snippets = async (page: string, language: 'ts' | 'tsx' = 'ts'): Promise<string[]> => {
  const text = await readFile(join(root, page), 'utf8')
  return [...text.matchAll(/^```(tsx?)\n(.*?)^```$/gms)]
    .filter(([, of]) => of === language)
    .map((match) => match[2]!)
}

/** A model for snippets that leave it to the reader. */
const MODEL = `
import { createDemoModel } from '${join(root, 'src/agent/demo/model.ts')}'
export const model = createDemoModel({ chunkDelayMs: 0 })
`

/** The other side of the tools in docs/tools.md. */
const PAYMENTS = `
const made = new Map<string, string>()
export const payments = {
  refund: async (orderId: string, key: string) => {
    made.set(key, orderId)
    return { refunded: orderId }
  },
  find: async (key: string) => made.get(key),
  balance: async () => 42,
}
`

/** The agent of an application. */
const AGENT = `
import { defineAgent } from 'outlast'
import { model } from './model.ts'
export const agent = defineAgent({ name: 'support', model })
`

/** A server that a client is a client of. */
const SERVER_URL = `
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createOutlast, createOutlastHandler, toNodeHandler } from 'outlast'
import { agent } from './agent.ts'
const outlast = await createOutlast({ database: {}, agents: [agent], onError: console.error })
const authenticate = () => ({ workspaceId: 'acme', userId: 'ann' })
const server = createServer(toNodeHandler(createOutlastHandler(outlast, { authenticate })))
await once(server.listen(0, '127.0.0.1'), 'listening')
const address = server.address()
export const url = \`http://127.0.0.1:\${typeof address === 'object' ? address?.port : ''}\`
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlast-docs-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const tsconfig = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { rewriteRelativeImportExtensions: false },
    include: ['*.ts', '*.tsx'],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  await writeFile(join(folder, 'model.ts'), MODEL)
  await writeFile(join(folder, 'payments.ts'), PAYMENTS)
  await writeFile(join(folder, 'agent.ts'), here(AGENT))
  await writeFile(join(folder, 'server-url.ts'), here(SERVER_URL))
})
afterAll(() => rm(folder, { recursive: true }))

const here = (code: string): string =>
  code
    .replaceAll("from 'outlast'", `from '${join(root, 'src/index.ts')}'`)
    .replaceAll(/from 'outlast\/(client|react)'/g, `from '${join(root, 'src')}/$1/index.ts'`)

/** Runs a snippet as a program of its own, with this repository as the package `outlast`. */
const run = async (name: string, code: string) => {
  const file = join(folder, name)
  await writeFile(file, here(code))
  const quiet = '--disable-warning=ExperimentalWarning'
  return promisify(execFile)(process.execPath, [quiet, file], { cwd: folder })
}

it('the snippets of README.md run', async () => {
  const [agent, server] = await snippets('README.md')
  await run('outlast.config.ts', agent!)
  const check = `\nimport { outlast, server } from './server.ts'\nconsole.log(server.listening, await outlast.readiness())\nawait outlast.close()`
  await writeFile(join(folder, 'server.ts'), here(server!))
  const { stdout, stderr } = await run('check-server.ts', check)
  expect(stderr).toBe('')
  expect(stdout).toBe('false { database: true, accepting: true }\n')
})

it('the snippets of docs/approvals.md run', async () => {
  const [clerk] = await snippets('docs/approvals.md')
  const check = `\nimport agent from './clerk.ts'\nconsole.log(agent.name, Object.keys(agent.tools ?? {}))`
  await run('clerk.ts', clerk!)
  const { stdout, stderr } = await run('check-clerk.ts', check)
  expect(stderr).toBe('')
  expect(stdout).toBe("clerk [ 'refund', 'locate' ]\n")
})

it('the snippets of docs/tools.md run', async () => {
  const [cashier] = await snippets('docs/tools.md')
  const check = `\nimport agent from './cashier.ts'\nconsole.log(agent.name, Object.keys(agent.tools ?? {}))`
  await run('cashier.ts', cashier!)
  const { stdout, stderr } = await run('check.ts', check)
  expect(stderr).toBe('')
  expect(stdout).toBe("cashier [ 'refund', 'balance' ]\n")
})

it('the snippets of docs/operations.md run', async () => {
  const [server] = await snippets('docs/operations.md')
  const { stdout, stderr } = await run('operations.ts', server!)
  expect(stderr).toBe('')
  expect(stdout).toContain('{ database: true, accepting: true }')
  expect(stdout).toContain('outlast_runs_executing 0')
})

it('the snippets of docs/identity.md run', async () => {
  const [tokens, jwt, own, page] = await snippets('docs/identity.md')
  expect(await run('tokens.ts', tokens!)).toEqual({ stdout: '200\n401\n', stderr: '' })
  expect(await run('jwt.ts', jwt!)).toEqual({ stdout: '', stderr: '' })
  expect(await run('own-identity.ts', own!)).toEqual({ stdout: '', stderr: '' })
  // A browser runs this one: test/e2e/tickets.test.ts.
  await writeFile(join(folder, 'page.ts'), page!)
})

it('the snippets of docs/embedding.md run', async () => {
  const [outlast, hono, node, next, bare] = await snippets('docs/embedding.md')
  await writeFile(join(folder, 'outlast.ts'), here(outlast!))
  expect(await run('hono.ts', hono!)).toEqual({ stdout: '200\n', stderr: '' })
  expect(await run('node.ts', node!)).toEqual({ stdout: '200\n', stderr: '' })
  const close = "import { outlast } from './outlast.ts'\nawait outlast.close()\n"
  expect(await run('route.ts', `${next!}${close}`)).toEqual({ stdout: '', stderr: '' })
  const { stdout, stderr } = await run('bare.ts', bare!)
  expect(stderr).toBe('')
  expect(stdout.split('\n').at(0)).toBe('0-0 start')
  expect(stdout.trim().split('\n').at(-1)).toMatch(/^\d+-\d+ finish$/)
})

/** Their server would go on. */
const END = '\nprocess.exit()\n'

it('the snippets of docs/client.md run', async () => {
  const [headless] = await snippets('docs/client.md')
  const { stdout, stderr } = await run('headless.ts', `${headless}${END}`)
  expect(stderr).toBe('')
  expect(stdout).toContain('finish')
  expect(stdout.trim().split('\n').slice(-2)).toEqual(['false', '2'])
})

it('the snippets of docs/following.md run', async () => {
  const [signedOut] = await snippets('docs/following.md')
  const check = `
const told = () => new Promise<void>((resolve) => void client.feed.states(() => resolve()))
await told()
forget()
`
  const { stdout, stderr } = await run('signed-out.ts', `${signedOut}${check}${END}`)
  expect(stderr).toBe('')
  expect(stdout).toBe('states\n')
})

it('the snippets of docs/providers.md run', async () => {
  const [researcher] = await snippets('docs/providers.md')
  await run('researcher.ts', researcher!)
  const check = `\nimport agent from './researcher.ts'\nconsole.log(agent.model.provider, Object.keys(agent.tools ?? {}))`
  const { stdout, stderr } = await run('check-researcher.ts', check)
  expect(stderr).toBe('')
  expect(stdout).toBe("anthropic.messages [ 'web_search' ]\n")
})

it('the snippets of docs/agents.md run', async () => {
  const [support, personal] = await snippets('docs/agents.md')
  await run('support.ts', support!)
  const { stderr } = await run('personal.ts', personal!)
  expect(stderr).toBe('')
})

it('the snippets of docs/mcp.md run', async () => {
  const [agent] = await snippets('docs/mcp.md')
  await run('mcp.ts', agent!)
  const check = `\nimport agent from './mcp.ts'\nconsole.log(agent.name, agent.mcp?.owns('docs_search'))`
  const { stdout, stderr } = await run('mcp-check.ts', check)
  expect(stderr).toBe('')
  expect(stdout).toBe('support true\n')
})

/** The component that a page has for its messages. */
const MESSAGE = `
import type { UIMessage } from 'ai'
export const Message = ({ message }: { message: UIMessage }) => <p>{message.role}</p>
`

it('the pages of docs/client.md and README.md are there to be type-checked', async () => {
  const pages = await snippets('docs/client.md', 'tsx')
  const [hook] = await snippets('README.md', 'tsx')
  expect([pages.length, typeof hook]).toEqual([2, 'string'])
  await writeFile(join(folder, 'message.tsx'), MESSAGE)
  for (const [index, page] of pages.entries())
    await writeFile(join(folder, `page-${index}.tsx`), here(page))
  await writeFile(join(folder, 'hook.tsx'), here(`declare const id: string\n${hook}`))
})

it('the snippets are well typed', async () => {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const checked = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).catch(
    (failed: { stdout: string }) => failed,
  )
  expect(checked.stdout).toBe('')
})
