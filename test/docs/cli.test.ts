/** docs/cli.md against the command line's own description of itself. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { beforeAll, expect, it } from 'vitest'
import { EXIT } from '../../src/cli/errors.ts'
import { createProgram } from '../../src/cli/program.ts'
import { rowsBelow } from '../support/tables.ts'

let page: string
beforeAll(async () => {
  page = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8')
})

const nothing = async () => undefined
const { stdin, stdout, stderr } = process
const shell = { stdin, stdout, stderr, signal: new AbortController().signal }
const program = createProgram(shell, { start: nothing, command: nothing })

type Leaf = { readonly usage: string; readonly command: Command }

const leaves = (command: Command, path: string): Leaf[] => {
  const words = command.registeredArguments.map((argument) =>
    argument.required ? `<${argument.name()}>` : `[${argument.name()}]`,
  )
  if (command.commands.length === 0) return [{ usage: [path, ...words].join(' '), command }]
  return command.commands.flatMap((one) => leaves(one, `${path} ${one.name()}`))
}

it('has every command and no other, with options that it takes', () => {
  const rows = rowsBelow(page, 'Commands').slice(1)
  const documented = rows.map(([usage = '']) => usage.replaceAll('`', ''))
  const known = leaves(program, 'outlast')
  expect(documented).toEqual(known.map(({ usage }) => usage))
  for (const [index, { command }] of known.entries())
    for (const [option] of rows[index]![1]!.matchAll(/--[a-z][a-z-]*/g))
      expect(command.options.map(({ long }) => long)).toContain(option)
})

it('has every option that it speaks of', () => {
  const options = leaves(program, 'outlast').flatMap(({ command }) =>
    command.options.filter(({ hidden }) => !hidden).map(({ long }) => long),
  )
  for (const [option] of page.matchAll(/--[a-z][a-z-]*/g))
    expect([...options, '--help']).toContain(option)
})

it('has every exit code', () => {
  const codes = page.slice(page.indexOf('| exit code |')).matchAll(/^\| (\d+) \|/gm)
  expect([...codes].map(([, code]) => Number(code))).toEqual(Object.values(EXIT))
})
