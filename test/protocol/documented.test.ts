import { readdir, readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import * as errors from '../../src/domain/errors.ts'
import { RESERVED_IDS } from '../../src/domain/message.ts'
import { problemOf } from '../../src/protocol/problem.ts'
import { ROUTES } from '../../src/protocol/routes.ts'
import { rowsBelow } from '../support/tables.ts'

const root = (path: string) => new URL(`../../${path}`, import.meta.url)
const read = (path: string) => readFile(root(path), 'utf8')

const unquote = (cell: string | undefined) => cell?.replaceAll('`', '') ?? ''

let protocol: string
beforeAll(async () => {
  protocol = await read('PROTOCOL.md')
})

describe('PROTOCOL.md', () => {
  it('has each problem with its status, and no other', () => {
    const documented = Object.fromEntries(
      rowsBelow(protocol, 'Problems')
        .slice(1)
        .map(([code, status]) => [unquote(code), Number(status)]),
    )
    const all = Object.values(errors)
      .filter((value): value is typeof errors.InvariantError => /^[A-Z]\w+Error$/.test(value.name))
      .filter((value) => value.name !== 'OutlastError')
      .map((Class) => problemOf(new Class('x', [] as never)))
    expect(documented).toEqual(Object.fromEntries(all.map(({ code, status }) => [code, status])))
  })

  it('has each cause of a failed run, in sentences that the code has too', async () => {
    const rows = rowsBelow(protocol, 'What makes a run fail').slice(1)
    const codes = /export type RunErrorCode =([^/]*)\n\n/.exec(await read('src/domain/run.ts'))?.[1]
    const known = new Set([...(codes ?? '').matchAll(/'(\w+)'/g)].map(([, code]) => code))
    expect(new Set(rows.map(([, , code]) => unquote(code)))).toEqual(known)
    const folders = await Promise.all(
      ['src/agent', 'src/domain', 'src/engine', 'src/store'].map(async (folder) =>
        (await readdir(root(folder), { recursive: true })).map((file) => `${folder}/${file}`),
      ),
    )
    const files = folders.flat().filter((file) => file.endsWith('.ts'))
    const sources = await Promise.all(files.map(read))
    const source = sources.join('\n')
    for (const [cause, , , sentence = ''] of rows) {
      const words = sentence.split(/ \(.*|: .*|\d+| support| in its own/)[0]!.replace(/\.+$/, '')
      const found =
        source.includes(words) || source.includes(words.replace('The model provider ', ''))
      expect(found, `${cause}: ${words}`).toBe(true)
    }
  })

  it('has each route and each reserved id', () => {
    for (const route of Object.values(ROUTES)) expect(protocol).toContain(`${route}\``.slice(0, -1))
    expect(protocol).toContain(`\`${[...RESERVED_IDS].join(' ')}\``)
  })
})
