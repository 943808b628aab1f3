/** `OutlastChatTransport` is what `useChat` of each version takes, as the compiler sees it. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadKit, MAIN_VERSIONS, VERSIONS } from './kits.ts'
import { publish, type Published } from './published.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tsc = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args])

/** What an application writes, and a line that proves that the compiler looks. */
const APPLICATION = `
import type { ChatTransport, UIMessage } from 'ai'
import { OutlastChatTransport } from 'outlast/client'

type Own = UIMessage<{ seen: boolean }, { picture: { colour: string } }>

export const plain: ChatTransport<UIMessage> = new OutlastChatTransport()
export const own: ChatTransport<Own> = new OutlastChatTransport<Own>()
// @ts-expect-error
export const none: ChatTransport<UIMessage> = { transport: new OutlastChatTransport() }
`

let published: Published
beforeAll(async () => {
  published = await publish()
  await writeFile(join(published.folder, 'application.ts'), APPLICATION)
}, 300_000)
afterAll(() => published?.[Symbol.asyncDispose]())

test.each([VERSIONS[0]!, ...MAIN_VERSIONS])('of ai %s', async (version) => {
  const { folder } = published
  const declarations = join((await loadKit(version)).ai, 'dist/index.d.ts')
  const tsconfig = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { paths: { ai: [relative(folder, declarations)] } },
    include: ['application.ts'],
  }
  const path = join(folder, `tsconfig.${version}.json`)
  await writeFile(path, JSON.stringify(tsconfig))
  const args = ['-p', path, '--pretty', 'false', '--listFiles']
  const { stdout } = await tsc(...args).catch((failed: { stdout: string }) => failed)
  const lines = stdout.trim().split('\n')
  expect(lines.filter((line) => line.includes('error TS'))).toEqual([])
  expect(lines.filter((line) => line.endsWith('/ai/dist/index.d.ts'))).toEqual([declarations])
})
