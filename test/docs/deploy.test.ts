/** What docs/deploy.md says to copy is read by what reads it, and names only what there is. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { createProgram } from '../../src/cli/program.ts'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

const page = await read('docs/deploy.md')
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text]) => text!,
  )

const documents = blocks('yaml').flatMap((text) => parseAllDocuments(text, { merge: true }))

type Compose = {
  readonly services: Readonly<
    Record<string, { readonly command?: string; readonly stop_grace_period?: string }>
  >
}
type Deployment = {
  readonly kind: string
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number
        readonly containers: readonly [{ readonly args: readonly string[] }]
      }
    }
  }
}

const nothing = async () => undefined
const { stdin, stdout, stderr } = process
const shell = { stdin, stdout, stderr, signal: new AbortController().signal }
const program = createProgram(shell, { start: nothing, command: nothing })

/** What running phases get, and some seconds for what comes after them. */
const GRACE_S = 25

test('all of it is YAML', () => {
  expect(documents).toHaveLength(3)
  expect(documents.flatMap(({ errors }) => errors)).toEqual([])
})

test('each process is started by a command that there is, and has time to end', () => {
  const [compose, ...deployments] = documents.map((document) => document.toJS() as unknown)
  const services = Object.values((compose as Compose).services)
  const own = services.filter(({ stop_grace_period: grace }) => grace !== undefined)
  for (const { stop_grace_period: grace } of own) expect(parseInt(grace!)).toBeGreaterThan(GRACE_S)
  const specs = (deployments as Deployment[]).map(({ spec }) => spec.template.spec)
  for (const { terminationGracePeriodSeconds: grace } of specs)
    expect(grace).toBeGreaterThan(GRACE_S)
  const units = blocks('ini').flatMap((text) => [...text.matchAll(/cli\.js (.*)$/gm)])
  const commands = [
    ...own.map(({ command }) => command!.split(' ')),
    ...specs.map(({ containers: [{ args }] }) => args),
    ...units.map(([, words]) => words!.split(' ')),
  ]
  expect(commands.map(([name]) => name)).toEqual([
    ...['migrate', 'serve', 'work'],
    ...['serve', 'work'],
    'work',
  ])
  for (const [name, option] of commands) {
    const command = program.commands.find((known) => known.name() === name)
    expect(command, name).toBeDefined()
    if (option !== undefined) expect(command!.options.map(({ long }) => long)).toContain(option)
  }
})

test('each setting and each metric is one of the documented ones', async () => {
  const documented = (
    await Promise.all(
      ['operations', 'identity', 'limits', 'providers'].map((name) => read(`docs/${name}.md`)),
    )
  ).join('\n')
  const names = new Set(
    page.match(/\b(?:OUTLAST_[A-Z_]+|DATABASE_[A-Z_]+|REDIS_URL|outlast_[a-z_]+)\b/g),
  )
  expect(names.size).toBeGreaterThan(15)
  for (const name of names) expect(documented, name).toContain(name)
})
