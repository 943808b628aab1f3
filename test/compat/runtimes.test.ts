/** `outlast/client` as it is published, in scripts on Node, Deno and Bun. */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { faultyProxy } from '../support/faulty-proxy.ts'
import { textOf } from './answers.ts'
import { CLIENTS } from './kits.ts'
import { publish, type Published } from './published.ts'
import { startWorld, type World } from './world.ts'

/** The programs themselves: what npm would put before them comes from scripts that are not run. */
const binary = (pattern: string): string => {
  const [found] = globSync(pattern, { cwd: join(CLIENTS, 'node_modules') })
  if (found === undefined) throw new TypeError(`There is no ${pattern} for this machine.`)
  return join(CLIENTS, 'node_modules', found)
}

const RUNTIMES: Readonly<Record<string, () => readonly string[]>> = {
  Node: () => [process.execPath],
  Deno: () => [binary('@deno/*/deno{,.exe}'), 'run', '--no-lock', '--allow-all'],
  Bun: () => [binary('@oven/bun-*/bin/bun{,.exe}')],
}

let published: Published
let world: World

beforeAll(async () => {
  published = await publish()
  const program = new URL('runtimes/program.mjs', import.meta.url)
  await copyFile(program, join(published.folder, 'program.mjs'))
  world = await startWorld()
}, 300_000)
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  await published?.[Symbol.asyncDispose]()
})

test.each(Object.keys(RUNTIMES))(
  'on %s an answer outlives a cut, and a stop ends one',
  async (name) => {
    await using proxy = await faultyProxy(world.server.url)
    const cut = proxy.next({ at: { frames: 9, bytes: 12 } }, ({ method }) => method === 'POST')
    const [command, ...args] = RUNTIMES[name]!()
    const asked = textOf({ answer: 'everything', key: `${name}-1` })
    const endless = textOf({ answer: 'everything', key: `${name}-2`, hold: 3 })
    const program = [...args, 'program.mjs', `${proxy.url}/ai-chat`, name, asked, endless]
    const { stdout } = await promisify(execFile)(command!, program, { cwd: published.folder })
    await cut
    const said = JSON.parse(stdout) as { readonly answer: unknown }
    const [, stored] = await world.history(name)
    expect(said.answer).toEqual(stored)
    expect(said).toMatchObject({
      stopped: ['abort', 'finish'],
      messages: 4,
      followed: { type: 'run', status: 'aborted' },
    })
  },
)
