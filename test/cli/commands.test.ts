/** The real command line, on a real server, at the databases themselves, and where there is nothing. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type Ended } from '../support/command.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { startServerProcess, type ServerProcess } from '../support/server-process.ts'

const TOKEN = /^ol_[\w-]{43}\n$/
const OF_ANN = ['--workspace', 'acme', '--user', 'ann']
const HOSTILE = 'say \u001b]0;owned\u0007\u001b[31mred\u202e'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outlast-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const parse = ({ out }: Ended): Record<string, unknown> =>
  JSON.parse(out) as Record<string, unknown>

/** A run that has settled. */
const ask = async (url: string, token: string, chatId: string, text: string): Promise<string> => {
  const answer = await fetch(`${url}/ai-chat`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ chatId, message: { id: 'm1', parts: [{ type: 'text', text }] } }),
  })
  expect(answer.status).toBe(200)
  const [, runId] = /"runId":"([^"]+)"/.exec(await answer.text())!
  return runId!
}

const KINDS = ['PostgreSQL', 'the embedded database']

/** Many processes take their time on a small machine. */
describe.each(KINDS)('a server with users on %s', { timeout: 60_000 }, (kind) => {
  let server: ServerProcess
  let database: Awaited<ReturnType<typeof createTestDatabase>> | undefined
  let here: Record<string, string>
  let token: string
  let runId: string

  /** At the database, or through the server that holds it. */
  const outlast = (...words: string[]) => runCommand(words, { env: here, cwd: folder })
  /** At the server, as Ann. */
  const asAnn = (...words: string[]) =>
    runCommand(words, { env: { OUTLAST_URL: server.url, OUTLAST_TOKEN: token }, cwd: folder })

  beforeAll(async () => {
    database = kind === 'PostgreSQL' ? await createTestDatabase() : undefined
    const own = database ? { DATABASE_URL: database.url } : {}
    server = await startServerProcess({ env: { ...own, OUTLAST_AUTH: 'token' } })
    here = { OUTLAST_DATA_DIR: server.dataDir, OUTLAST_AUTH: 'token', ...own }
    const created = await outlast('token', 'create', ...OF_ANN, '--expires', '90d')
    expect(created).toMatchObject({ code: 0, out: expect.stringMatching(TOKEN) })
    expect(created.err).toMatch(/valid until \d{4}-\d\d-\d\d \d\d:\d\d. It is shown this once/)
    token = created.out.trim()
    runId = await ask(server.url, token, 'c1', HOSTILE)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await database?.[Symbol.asyncDispose]()
  })

  it('lets in whom a token was made for, and nobody once it is revoked', async () => {
    const made = parse(await outlast('token', 'create', ...OF_ANN, '--name', 'short', '--json'))
    const file = join(folder, 'token')
    await writeFile(file, `${String(made['token'])}\n`)
    const withIt = () =>
      runCommand(['chats', 'list', '--url', server.url, '--token-file', file, '--json'])
    expect(parse(await withIt())).toMatchObject({ chats: [{ id: 'c1' }] })

    const listed = await outlast('token', 'list', '--workspace', 'acme')
    expect(listed.out).toMatch(new RegExp(`${String(made['id'])}  valid  +acme +ann +short`))
    expect(listed.out).not.toContain('ol_')
    const revoked = await outlast('token', 'revoke', String(made['id']))
    expect(revoked).toMatchObject({ code: 0, out: expect.stringContaining('revoked') })
    expect(await withIt()).toMatchObject({ code: 4, out: '' })
    const states = parse(await outlast('token', 'list', ...OF_ANN, '--json'))['tokens']
    expect(states).toMatchObject([{ name: 'short', revokedAt: expect.any(String) }, {}])
    expect(parse(await outlast('token', 'list', '--workspace', 'other', '--json'))).toEqual({
      tokens: [],
    })
  })

  it('shows the same from both sides', async () => {
    for (const words of [
      ['runs', 'show', runId, '--json'],
      ['chats', 'list', '--json'],
      ['chats', 'export', 'c1'],
    ]) {
      const [one, other] = await Promise.all([asAnn(...words), outlast(...words, ...OF_ANN)])
      expect(one).toMatchObject({ code: 0, err: '' })
      expect(other).toEqual(one)
    }
  })

  it('shows for people what others wrote, without what it would do', async () => {
    const shown = await Promise.all([
      asAnn('runs', 'show', runId),
      asAnn('runs', 'tail', runId),
      asAnn('runs', 'tail', runId, '--json'),
      asAnn('chats', 'show', 'c1'),
      asAnn('chats', 'list'),
      asAnn('chats', 'export', 'c1'),
    ])
    for (const { code, out } of shown) {
      expect(code).toBe(0)
      expect(out).toContain('red')
      // oxlint-disable-next-line no-control-regex -- it is looked for
      expect(out).not.toMatch(/[\u001b\u0007\u202e]/)
    }
    expect(shown[0].out).toMatch(/^status +succeeded$/m)
    expect(shown[4].out).toMatch(/^ID +TITLE +LATEST RUN +UPDATED\nc1 /)
  })

  it('names, takes out and removes a chat', async () => {
    await ask(server.url, token, 'c2', 'say hello')
    expect(await asAnn('chats', 'rename', 'c2', 'Greetings')).toMatchObject({ code: 0 })
    expect(parse(await asAnn('chats', 'list', '--query', 'greet', '--json'))).toMatchObject({
      chats: [{ id: 'c2', title: 'Greetings' }],
    })
    const file = join(folder, `${kind}.md`)
    const exporting = () => asAnn('chats', 'export', 'c2', '--output', file)
    expect((await exporting()).code).toBe(0)
    expect(await readFile(file, 'utf8')).toContain('# Greetings')
    expect(await exporting()).toMatchObject({ code: 2, err: expect.stringContaining('EEXIST') })

    expect(await asAnn('chats', 'delete', 'c2')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--yes'),
    })
    expect(await outlast('chats', 'delete', 'c2', '--yes', ...OF_ANN)).toMatchObject({
      code: 0,
      out: 'deleted c2\n',
    })
    expect(await asAnn('chats', 'show', 'c2', '--json')).toMatchObject({
      code: 3,
      out: '',
      err: '{"code":"CHAT_NOT_FOUND","detail":"There is no chat c2 here."}\n',
    })
  })

  it('says by its exit code what is wrong', async () => {
    const missing = '00000000-0000-7000-8000-000000000000'
    const wrong: readonly (readonly [number, Promise<Ended>])[] = [
      [2, asAnn('runs', 'list', '--limit', 'many')],
      [2, asAnn('runs', 'list', '--trigger', 'because')],
      [2, asAnn('runs', 'list', ...OF_ANN)],
      [2, outlast('runs', 'list')],
      [2, outlast('token', 'create', '--user', 'ann')],
      [3, asAnn('runs', 'stop', missing)],
      [3, asAnn('runs', 'tail', missing)],
      [3, outlast('runs', 'show', missing, ...OF_ANN)],
      [4, outlast('runs', 'list', '--workspace', 'acme', '--user', 'bob')],
      [4, runCommand(['runs', 'list', '--url', server.url])],
    ]
    for (const [expected, ended] of wrong) {
      const { code, out, err } = await ended
      expect([code, out, err]).toEqual([expected, '', expect.stringMatching(/^\S.*\n$/s)])
    }
  })
})

describe('a data folder', () => {
  it('is made by the first token, migrated, and has a socket only while it is served', async () => {
    const dataDir = join(folder, 'data')
    const env = { OUTLAST_DATA_DIR: dataDir }
    expect(await runCommand(['runs', 'list'], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining(`There is no data folder ${dataDir}.`),
    })
    const create = ['token', 'create', '--workspace', 'w', '--user', 'u']
    expect((await runCommand(create, { env })).code).toBe(0)
    expect(parse(await runCommand(['migrate', '--json'], { env }))).toEqual({ applied: [] })

    await using server = await startServerProcess({ env })
    const socket = join(dataDir, 'control.sock')
    expect((await stat(socket)).mode & 0o777).toBe(0o600)
    expect(await runCommand(['migrate'], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining(`in use by process ${server.pid}`),
    })
    // Killed, it leaves its socket behind, and nobody behind it.
    await server.kill()
    expect((await stat(socket)).isSocket()).toBe(true)
    expect(await runCommand(['runs', 'list'], { env })).toMatchObject({ code: 0 })
    await server.start()
    expect(await runCommand(['runs', 'list'], { env })).toMatchObject({ code: 0 })
    server.signal('SIGTERM')
    expect(await server.ended()).toBe(0)
    await expect(stat(socket)).rejects.toMatchObject({ code: 'ENOENT' })
  }, 60_000)
})

describe('a PostgreSQL database', () => {
  it('is changed by nobody but migrate', async () => {
    await using database = await createTestDatabase()
    const env = { DATABASE_URL: database.url }
    for (const words of [
      ['runs', 'list'],
      ['token', 'list'],
    ])
      expect(await runCommand(words, { env })).toMatchObject({
        code: 1,
        err: expect.stringContaining('Run "outlast migrate"'),
      })
    const migrated = await runCommand(['migrate'], { env })
    expect(migrated.out).toMatch(/^applied 0001-core\n(applied \d{4}-[a-z-]+\n)+$/)
    expect(await runCommand(['migrate'], { env })).toMatchObject({ code: 0, out: '' })
    expect(await runCommand(['runs', 'list', '--json'], { env })).toMatchObject({
      code: 0,
      out: '{\n  "runs": []\n}\n',
    })
  })
})

describe('the command line', () => {
  const secret = `ol_${'s'.repeat(43)}`

  it('takes no token among its words, and repeats none', async () => {
    for (const words of [['--token', secret], [`--token=${secret}`]]) {
      const refused = await runCommand(['runs', 'list', '--url', 'http://localhost:1', ...words])
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toContain('OUTLAST_TOKEN')
      expect(refused.err).not.toContain(secret)
    }
  })

  it('reads a token from its input, and nothing else', async () => {
    const words = ['runs', 'list', '--url', 'http://localhost:1', '--token-file', '-']
    const options = { input: `${secret}\n` }
    expect(await runCommand(words, options)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no answer from http://localhost:1'),
    })
    expect(await runCommand(words, { input: 'two words' })).toMatchObject({ code: 2 })
  })

  it('explains what it does not know', async () => {
    expect(await runCommand(['bogus'])).toMatchObject({
      code: 2,
      err: "error: unknown command 'bogus'\n",
    })
    expect(await runCommand(['run', 'list'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean runs?'),
    })
    const help = await runCommand(['--help'])
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(help.out).toContain('Examples:')
    expect(await runCommand(['--version'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
