/** The package as it is published: installed without this repository and without what is optional. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { defineAgent } from '../src/agent/define-agent.ts'
import { serving } from './http/serving.ts'
import { packOutlast, TEMPLATE } from './support/packed.ts'
import { finishPart, scriptedModel, textParts } from './support/scripted-model.ts'
import { installWorkspace } from './support/workspace.ts'

type Manifest = {
  dependencies: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional: boolean }>
}

const root = fileURLToPath(new URL('..', import.meta.url))
/** Where the AI SDK is in its former versions. */
const CLIENTS = join(root, 'test/compat/clients')

const execute = promisify(execFile)

let folder: string
let manifest: Manifest
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlast-installed-'))
  manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  await packOutlast(folder)
})
afterAll(() => rm(folder, { recursive: true }))

/** An application that has installed Outlast and some of what it names. */
const application = async (
  name: string,
  packages: readonly string[],
  /** Packages that are another version, and where that is. */
  others: Readonly<Record<string, string>> = {},
) => {
  const path = join(folder, name)
  const modules = join(path, 'node_modules')
  await mkdir(modules, { recursive: true })
  await cp(join(folder, 'packed/package'), join(modules, 'outlast'), { recursive: true })
  for (const one of new Set(packages)) {
    await mkdir(dirname(join(modules, one)), { recursive: true })
    await symlink(others[one] ?? join(root, 'node_modules', one), join(modules, one))
  }
  await writeFile(join(path, 'package.json'), '{ "type": "module" }')
  return {
    path,
    run: async (code: string, env: NodeJS.ProcessEnv = {}) => {
      await writeFile(join(path, 'main.js'), code)
      const flags = ['--disable-warning=ExperimentalWarning', 'main.js']
      return (await execute(process.execPath, flags, { cwd: path, env })).stdout.trim()
    },
  }
}

const required = () => [
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.peerDependencies).filter(
    (name) => manifest.peerDependenciesMeta[name]?.optional !== true,
  ),
]

const AGENT = `
  import { createOutlast, createOutlastHandler, defineAgent } from 'outlast'
  import { MockLanguageModelV4, simulateReadableStream } from 'ai/test'
  const model = new MockLanguageModelV4()
  const agents = [defineAgent({ name: 'a', model })]
  const onError = (error) => { throw error }
`

test('it works with what it requires, on a PostgreSQL database', async () => {
  const app = await application('required', required())
  const code = `${AGENT}
    await import('outlast/server')
    const outlast = await createOutlast({
      database: { url: process.env.URL, schema: 'installed' }, agents, onError,
    })
    const principal = { workspaceId: 'w', userId: 'u' }
    const handler = createOutlastHandler(outlast, { authenticate: () => principal })
    const response = await handler(new Request('http://x/ai-chat/c1/messages'))
    console.log(response.status, await response.text())
    await outlast.close()
    const { default: pg } = await import('pg')
    const client = new pg.Client(process.env.URL)
    await client.connect()
    await client.query('drop schema installed cascade')
    await client.end()`
  expect(await app.run(code, { URL: inject('postgresUrl') })).toBe(
    '200 {"messages":[],"activeRun":null}',
  )
})

test('it says what to install for what is optional', async () => {
  const app = await application('without', required())
  const code = `${AGENT}
    await createOutlast({ agents, onError }).catch(({ code, message }) => console.log(code, message))`
  expect(await app.run(code)).toMatch(/^INVALID_CONFIG .*run "npm install @electric-sql\/pglite"/)
})

test.each([
  ['copies of the one that it brings along', false, 1],
  ['made one by one where that is missing', true, 3],
])('embedded databases are %s', async (how, isMissing, differentOnes) => {
  const app = await application(how, [...required(), '@electric-sql/pglite'])
  if (isMissing) await rm(join(app.path, 'node_modules/outlast', TEMPLATE))
  const code = `${AGENT}
    import { sql } from 'kysely'
    const identityOf = async (database) => {
      const outlast = await createOutlast({ database, agents, onError })
      const { rows } = await sql\`SELECT system_identifier FROM pg_control_system()\`.execute(outlast.db)
      await outlast.close()
      return String(rows[0].systemIdentifier)
    }
    const identities = new Set()
    for (const database of [{}, { dataDir: 'a' }, { dataDir: 'b' }])
      identities.add(await identityOf(database))
    console.log(identities.size)`
  expect(await app.run(code)).toBe(String(differentOnes))
})

test('it says that an embedded database cannot be copied from half of one', async () => {
  const app = await application('half', [...required(), '@electric-sql/pglite'])
  await truncate(join(app.path, 'node_modules/outlast', TEMPLATE), 100_000)
  const code = `${AGENT}
    const database = { dataDir: 'a' }
    await createOutlast({ database, agents, onError }).catch(({ code, message }) => console.log(code, message))`
  expect(await app.run(code)).toMatch(/^INVALID_CONFIG .* in .*a cannot be made: unexpected end/)
})

test('its protocol needs nothing but zod, so that a browser can have it', async () => {
  const app = await application('protocol', ['zod'])
  const code = `import { ROUTES } from 'outlast/protocol'\nconsole.log(ROUTES.start)`
  expect(await app.run(code)).toBe('/ai-chat')
})

test.each(['5.0.277', '6.0.326'])('beside ai %s a server says what it needs', async (version) => {
  await installWorkspace(CLIENTS)
  const client = createRequire(join(CLIENTS, `node_modules/ai-${version}/package.json`))
  const ai = dirname(client.resolve('ai/package.json'))
  const app = await application(`ai-${version}`, required(), { ai })
  const code = `
    import { createOutlast, defineAgent } from 'outlast'
    await import('outlast/server')
    const say = ({ code, message }) => console.log(code, message)
    try { defineAgent({ name: 'a', model: {} }) } catch (error) { say(error) }
    await createOutlast({ agent: () => undefined, onError: say }).catch(say)`
  const lines = (await app.run(code)).split('\n')
  expect(lines).toHaveLength(2)
  for (const line of lines)
    expect(line).toMatch(
      new RegExp(`^INVALID_CONFIG .* needs ai 7\\S+ or newer, and ${version} .*"npm install ai@7"`),
    )
})

test('its client needs nothing but ai, and reads what a server answers', async () => {
  const model = scriptedModel(() => [...textParts('Hello there'), finishPart()])
  await using server = await serving(defineAgent({ name: 'a', model }))
  const app = await application('client', ['ai'])
  const code = `
    import { createOutlastClient } from 'outlast/client'
    const client = createOutlastClient({ url: process.env.URL })
    const run = await client.start({ chatId: 'c1', text: 'Hi' })
    const message = await run.message()
    console.log(message.parts.map(({ type, text }) => text ?? type).join(' '))
    client.close()`
  expect(await app.run(code, { URL: `${server.url}/ai-chat` })).toBe('step-start Hello there')
})

test('its hooks need React and the hooks of the AI SDK beside that', async () => {
  const app = await application('react', ['ai', '@ai-sdk/react', 'react', 'react-dom'])
  const code = `
    import { createElement } from 'react'
    import { renderToString } from 'react-dom/server'
    import { createOutlastClient } from 'outlast/client'
    import { OutlastProvider, useOutlastChat } from 'outlast/react'
    const parts = [{ type: 'text', text: 'Hi' }]
    const Page = () => {
      const { messages, status } = useOutlastChat({
        id: 'c1', activeRun: null, messages: [{ id: 'm1', role: 'user', parts }],
      })
      return createElement('p', null, messages[0].parts[0].text, ' ', status)
    }
    const client = createOutlastClient({ url: 'https://chat.example/ai-chat' })
    console.log(renderToString(createElement(OutlastProvider, { client }, createElement(Page))))`
  expect(await app.run(code)).toBe('<p>Hi<!-- --> <!-- -->ready</p>')
})

test.each([
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
])(
  'its declarations are whole, and describe it to a strict application: $moduleResolution',
  async (how) => {
    const app = await application(`typed-${how.moduleResolution}`, [
      ...required(),
      ...Object.keys(manifest.peerDependencies),
      '@types/node',
      '@types/pg',
      '@types/react',
    ])
    const code = `
    import { createOutlast, createOutlastHandler, jwtIdentity, tokenIdentity, firstOf } from 'outlast'
    import type { Authenticate, OutlastHandler } from 'outlast'
    import { startServer } from 'outlast/server'
    import { parseTurn } from 'outlast/protocol'
    import { createOutlastClient, OutlastChatTransport, type OutlastClient } from 'outlast/client'
    export const client: OutlastClient = createOutlastClient({ url: 'https://chat.example/ai-chat' })
    export const transport = new OutlastChatTransport({ client })
    import { useOutlastChat } from 'outlast/react'
    export const useStop = () => useOutlastChat({ id: 'c1', client }).stop
    declare const outlast: Awaited<ReturnType<typeof createOutlast>>
    const jwt = jwtIdentity({ secret: 'x', issuer: 'i', audience: 'a' })
    const authenticate: Authenticate = firstOf(tokenIdentity(outlast), jwt)
    export const POST: OutlastHandler = createOutlastHandler(outlast, { authenticate })
    // @ts-expect-error -- a handler without identity would be open to everybody
    createOutlastHandler(outlast, {})
    // @ts-expect-error -- public keys and algorithms of secrets never meet
    jwtIdentity({ jwksUrl: 'https://x', algorithms: ['HS256'], issuer: 'i', audience: 'a' })
    export const shown: string = (await outlast.tokens.create({
      principal: { workspaceId: 'w', userId: 'u' }, name: 'n',
    })).token
    export { startServer, parseTurn }
    export const wrong: string = startServer`
    await writeFile(join(app.path, 'main.ts'), code)
    const compilerOptions = {
      ...how,
      target: 'es2024',
      lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable', 'dom.asynciterable'],
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
    }
    await writeFile(join(app.path, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await execute(process.execPath, [tsc, '-p', app.path, '--pretty', 'false'], {
      cwd: app.path,
    }).catch((failed: { stdout: string }) => failed)
    // What stands in the declarations of others is theirs.
    const ours = stdout
      .split('\n')
      .filter((line) => /^(main\.ts|node_modules\/outlast\/)/.test(line))
    // The one that is wrong on purpose shows that it was looked at.
    expect(ours).toEqual([expect.stringMatching(/^main\.ts.*TS2322/)])
  },
)
