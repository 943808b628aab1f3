import { globSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'
import { expect, test } from 'vitest'
import { findViolations, LINES_TO_THINK, linesOf } from './support/house-rules.ts'
import { parseSource } from './support/syntax.ts'

const check = (files: Record<string, string>): string[] =>
  findViolations(Object.entries(files).map(([path, text]) => parseSource(path, text)))

test('src keeps the rules of the house', () => {
  const paths = globSync('src/**/*.{ts,tsx}').map((path) => path.split(sep).join('/'))
  const sources = paths.map((path) => parseSource(path, readFileSync(path, 'utf8')))
  expect(sources.length).toBeGreaterThan(0)
  for (const source of sources.filter((one) => linesOf(one) > LINES_TO_THINK)) {
    console.warn(`${source.path} has ${linesOf(source)} lines: is it two things?`)
  }
  expect(findViolations(sources)).toEqual([])
})

test.each([
  ['src/domain/a.ts', `import { b } from './b.ts'`],
  ['src/protocol/a.ts', `import { z } from 'zod'\nimport type { Run } from '../domain/run.ts'`],
  ['src/engine/a.ts', `import type { UIMessage } from 'ai'\nimport { type ToolSet } from 'ai'`],
  ['src/engine/a.ts', `import { InvariantError } from '../domain/errors.ts'`],
  ['src/store/a.ts', `import pg from 'pg'\nimport type { RunStore } from '../engine/ports.ts'`],
  [
    'src/http/a.ts',
    `import { tail } from '../engine/tail.ts'\nimport { r } from '../protocol/routes.ts'`,
  ],
  ['src/server.ts', `import { a } from './http/app.ts'\nimport { b } from './store/database.ts'`],
  ['src/engine/a.ts', `const at = new Date(row.at)\nclock.setTimeout(1)\nconst o = { process: 1 }`],
  [
    'src/store/a.ts',
    `const now = Date.now()\n// process.env is not read here\nconst s = 'process.env'`,
  ],
  ['src/cli.ts', `import process from 'node:process'\nprocess.exit(1)`],
  ['src/config.ts', `export const port = process.env['PORT']`],
  ['src/engine/ports.ts', `export type Port = { get(): void; readonly note?: string }`],
  ['src/store/a.ts', `// oxlint-disable-next-line no-console -- the operator asked for it\nlog()`],
  ['src/store/a.ts', `try { f() } catch (error) { throw error }`],
])('%s may say %j', (path, text) => {
  expect(check({ [path]: text })).toEqual([])
})

test.each([
  ['src/domain/a.ts', `import type { UIMessage } from 'ai'`, "may not import 'ai'"],
  ['src/domain/a.ts', `import { join } from 'node:path'`, "may not import 'node:path'"],
  ['src/domain/a.ts', `export * from '../protocol/a.ts'`, 'may not import'],
  ['src/protocol/a.ts', `import { randomUUID } from 'node:crypto'`, 'may not import'],
  ['src/protocol/a.ts', `export type { A } from '../engine/a.ts'`, 'may not import'],
  ['src/engine/a.ts', `import { streamText } from 'ai'`, "may not import 'ai'"],
  ['src/engine/a.ts', `import { type UIMessage, streamText } from 'ai'`, "may not import 'ai'"],
  ['src/engine/a.ts', `const fs = await import('node:fs')`, "may not import 'node:fs'"],
  ['src/engine/a.ts', `type Db = import('../store/database.ts').Db`, 'may not import'],
  ['src/engine/a.ts', `import { z } from 'zod'`, "may not import 'zod'"],
  ['src/store/a.ts', `import { tail } from '../engine/tail.ts'`, 'may not import'],
  ['src/store/a.ts', `import '../queue/local.ts'`, 'may not import'],
  ['src/queue/a.ts', `import { c } from '../config.ts'`, 'may not import'],
  ['src/agent/a.ts', `import { r } from '../protocol/routes.ts'`, 'may not import'],
  ['src/http/a.ts', `import { db } from '../store/database.ts'`, 'may not import'],
  ['src/utils/a.ts', `export const a = 1`, 'belongs to no layer'],
  ['src/engine/a.ts', `const now = Date.now()`, 'Date.now is ambient'],
  ['src/engine/a.ts', `const now = new Date()`, 'the current Date is ambient'],
  ['src/engine/a.ts', `const now = Date['now']()`, 'Date.now is ambient'],
  ['src/engine/a.ts', `setTimeout(f, 1)`, 'setTimeout is ambient'],
  ['src/engine/a.ts', `const later = setInterval`, 'setInterval is ambient'],
  ['src/engine/a.ts', `globalThis.setTimeout(f)`, 'globalThis is ambient'],
  ['src/engine/a.ts', `f(AbortSignal.timeout(5))`, 'AbortSignal.timeout is ambient'],
  ['src/domain/a.ts', `const n = Math.random()`, 'Math.random is ambient'],
  ['src/domain/a.ts', `const n = performance.now()`, 'performance is ambient'],
  ['src/domain/a.ts', `const id = crypto.randomUUID()`, 'crypto is ambient'],
  ['src/store/a.ts', `const port = process.env.PORT`, 'src/config.ts only'],
  ['src/cli.ts', `const { env } = process`, 'src/config.ts only'],
  ['src/cli.ts', `import { env } from 'node:process'`, 'src/config.ts only'],
  ['src/store/a.ts', `throw new Error('no')`, 'instead of Error'],
  ['src/store/a.ts', `throw new TypeError('no')`, 'instead of TypeError'],
  ['src/store/a.ts', `throw Error('no')`, 'instead of Error'],
  ['src/engine/ports.ts', `export interface Port { get?(): void }`, 'is required'],
  ['src/engine/ports.ts', `export type Port = { get?: (() => void) | undefined }`, 'is required'],
  ['src/store/a.ts', `// @ts-ignore because of reasons\nf()`, 'not ignored'],
  ['src/store/a.ts', `// @ts-expect-error\nf()`, 'says why'],
  ['src/store/a.ts', `/* oxlint-disable no-console */`, 'says why'],
])('%s may not say %j', (path, text, sentence) => {
  expect(check({ [path]: text })).toEqual([expect.stringContaining(sentence)])
})

test('a file ends at 400 lines', () => {
  expect(check({ 'src/store/a.ts': 'x\n'.repeat(400) })).toEqual([])
  expect(check({ 'src/store/a.ts': 'x\n'.repeat(401) })).toHaveLength(1)
})

const error = (name: string, code: string, parent = 'OutlastError') =>
  `export class ${name} extends ${parent} { readonly code = '${code}' as const }`

test('two errors never share a code, wherever they stand', () => {
  const parent = error('A', 'ONE')
  const child = error('B', 'ONE', 'A')
  expect(check({ 'src/agent/b.ts': child, 'src/domain/errors.ts': parent })).toEqual([
    'src/domain/errors.ts:1: A and B share ONE.',
  ])
  expect(check({ 'src/domain/errors.ts': `${parent}\n${error('B', 'TWO')}` })).toEqual([])
})

test('an error without a code of its own is found', () => {
  expect(check({ 'src/domain/errors.ts': 'class A extends OutlastError {}' })).toEqual([
    'src/domain/errors.ts:1: A has no literal code of its own.',
  ])
})
