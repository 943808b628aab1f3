import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { outputOf, refusal, toolOptions as options } from './support/tool-output.ts'
import { createFileTools } from '../../src/agent/tools/files.ts'

let base: string
let root: string

const put = async (name: string, content: string | Uint8Array = ''): Promise<void> => {
  const target = path.join(root, name)
  await mkdir(path.dirname(target), { recursive: true })
  await writeFile(target, content)
}

const tools = (exclude: string[] = []) => {
  const { listFiles, readFile, searchFiles, countFile } = createFileTools({ root, exclude })
  return {
    list: async (at = '.', recursive = false) =>
      outputOf(listFiles.execute({ path: at, recursive }, options)),
    read: async (at: string) => outputOf(readFile.execute({ path: at }, options)),
    search: async (query: string, at = '.', extra = {}) =>
      outputOf(searchFiles.execute({ query, path: at }, { ...options, ...extra })),
    count: async (at = '.') => outputOf(countFile.execute({ path: at }, options)),
  }
}

beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'outlast-files-'))
  root = path.join(base, 'root')
  await mkdir(root)
})

afterEach(() => rm(base, { recursive: true, force: true }))

describe('what file tools see', () => {
  it('reads a file by a relative name, by a roundabout one and by its absolute one', async () => {
    await put('docs/a b.md', 'hello')
    for (const name of ['docs/a b.md', './docs/../docs/a b.md', path.join(root, 'docs/a b.md')]) {
      expect(await tools().read(name)).toEqual({
        path: 'docs/a b.md',
        bytes: 5,
        text: 'hello',
        truncated: false,
      })
    }
  })

  it('refuses names outside without saying where outside is', async () => {
    await writeFile(path.join(base, 'secret.txt'), 'secret')
    for (const name of ['../secret.txt', 'docs/../../secret.txt', '..', '/etc/passwd', '/']) {
      const message = await refusal(() => tools().read(name))
      expect(message).toContain('outside the folder')
      expect(message).not.toContain(base)
    }
  })

  it('refuses links that lead outside, for files, for folders and for missing names behind them', async () => {
    await mkdir(path.join(base, 'away'))
    await writeFile(path.join(base, 'away/secret.txt'), 'secret')
    await put('inside.txt', 'inside')
    await symlink(path.join(base, 'away/secret.txt'), path.join(root, 'file-link'))
    await symlink(path.join(base, 'away'), path.join(root, 'folder-link'))
    await symlink('inside.txt', path.join(root, 'good-link'))
    const { read, list, count, search } = tools()
    const attempts = [
      () => read('file-link'),
      () => read('folder-link/secret.txt'),
      () => read('folder-link/SECRET.txt'),
      () => read('folder-link/no/such'),
      () => list('folder-link'),
      () => list('folder-link', true),
      () => count('file-link'),
      () => search('secret', 'folder-link'),
      () => search('secret', 'file-link'),
    ]
    for (const attempt of attempts) {
      expect(await refusal(attempt)).toMatch(/^\S+ is outside the folder that tools may read\.$/)
    }
    expect(await search('secret')).toMatchObject({ matches: [], filesSearched: 1 })
    expect(await read('good-link')).toMatchObject({ text: 'inside' })
  })

  it('refuses a link that leads to something hidden inside', async () => {
    await put('.env', 'KEY=1')
    await symlink('.env', path.join(root, 'plain'))
    expect(await refusal(() => tools().read('plain'))).toContain('hidden')
  })

  it('hides dotfiles, dot-folders and the excluded folders, however they are asked for', async () => {
    await put('.env', 'needle')
    await put('.git/config', 'needle')
    await put('data/db', 'needle')
    await put('shown.txt', 'needle')
    const { read, list, search, count } = tools([path.join(root, 'data')])
    for (const name of ['.env', '.git/config', './.git/../.env', 'data/db', 'data', '.none']) {
      expect(await refusal(() => read(name))).toContain('hidden')
    }
    expect(await list('.', true)).toMatchObject({ entries: [{ path: 'shown.txt', type: 'file' }] })
    expect(await search('needle')).toMatchObject({ matches: [{ path: 'shown.txt' }] })
    expect(await count()).toMatchObject({ files: 1, folders: 0, filesBelow: 1 })
  })

  it('works in a root whose own path has a dot-folder or is a link', async () => {
    const odd = path.join(base, '.config/agent')
    await mkdir(odd, { recursive: true })
    await writeFile(path.join(odd, 'a.txt'), 'a')
    await symlink(odd, path.join(base, 'alias'))
    root = path.join(base, 'alias')
    expect(await tools().read('a.txt')).toMatchObject({ text: 'a' })
    expect(await tools().read(path.join(root, 'a.txt'))).toMatchObject({ text: 'a' })
  })

  it('names what is missing and the neighbour with other capitals', async () => {
    await put('README.md', 'x')
    const { read } = tools()
    expect(await refusal(() => read('notes.txt'))).toBe(
      'There is no file or folder notes.txt in the folder that tools may read.',
    )
    expect(await refusal(() => read('readme.md'))).toContain('There is README.md.')
    expect(await refusal(() => read('no/such.txt'))).toContain('in the folder no.')
    expect(await refusal(() => read('README.md/x'))).toContain('There is no file or folder x')
    expect(await refusal(() => read('a\0b'))).toContain('NUL')
    expect(await refusal(() => read('x'.repeat(4_000)))).toContain('too long')
  })

  // Elsewhere than on Linux the kernel does not tell where an open file is: the window is small, not closed.
  it.runIf(process.platform === 'linux')(
    'reads nothing outside while somebody keeps swapping a folder for a link',
    async () => {
      await mkdir(path.join(base, 'away'))
      await writeFile(path.join(base, 'away/f'), 'secret')
      await put('d/f', 'inside')
      await symlink(path.join(base, 'away'), path.join(root, 'link'))
      const swap = `const { renameSync: r } = require('node:fs')
        for (;;) { r('d', 'real'); r('link', 'd'); r('d', 'link'); r('real', 'd') }`
      const swapper = spawn(process.execPath, ['-e', swap], { cwd: root })
      await once(swapper, 'spawn')
      const seen = new Set<string>()
      try {
        for (let n = 0; n < 20_000 && !(n > 500 && seen.size > 1); n += 1) {
          const result = await tools()
            .read('d/f')
            .catch((error: Error) => error)
          seen.add(result instanceof Error ? 'refused' : result.text)
        }
      } finally {
        swapper.kill('SIGKILL')
        await once(swapper, 'exit')
      }
      expect([...seen].toSorted()).toEqual(['inside', 'refused'])
    },
  )

  it('never waits at a pipe and never reads a folder as a file', async () => {
    execFileSync('mkfifo', [path.join(root, 'pipe')])
    await mkdir(path.join(root, 'sub'))
    expect(await refusal(() => tools().read('pipe'))).toBe('pipe is not a regular file.')
    expect(await refusal(() => tools().read('sub'))).toBe('sub is a folder, not a file.')
    expect(await refusal(() => tools().list('pipe'))).toBe('pipe is a file, not a folder.')
  })

  it('says so when the root itself is gone', async () => {
    await rm(root, { recursive: true })
    const message = await refusal(() => tools().list())
    expect(message).toContain('missing')
    expect(message).not.toContain(base)
  })
})

describe('listing', () => {
  it('lists one folder, or all below it without what is inside node_modules', async () => {
    await put('b.txt')
    await put('a/c.txt')
    await put('node_modules/pkg/index.js')
    await symlink('b.txt', path.join(root, 'z'))
    expect(await tools().list()).toEqual({
      path: '.',
      entries: [
        { path: 'a', type: 'folder' },
        { path: 'b.txt', type: 'file' },
        { path: 'node_modules', type: 'folder' },
        { path: 'z', type: 'link' },
      ],
      truncated: false,
    })
    const paths = async (at: string) =>
      (await tools().list(at, true)).entries.map((entry) => entry.path)
    expect(await paths('.')).toEqual(['a', 'a/c.txt', 'b.txt', 'node_modules', 'z'])
    expect(await paths('node_modules')).toEqual(['pkg', 'pkg/index.js'])
  })

  it('stops at a thousand entries with a note', async () => {
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => put(`f${n}`)))
    const { entries, truncated, note } = await tools().list()
    expect([entries.length, truncated, note]).toEqual([
      1_000,
      true,
      'Only the first 1000 entries are listed.',
    ])
  })
})

describe('reading', () => {
  it('cuts a large file between two characters and says so', async () => {
    await put('big.txt', 'a'.repeat(256 * 1024 - 1) + 'é'.repeat(10))
    const { text, truncated, note, bytes } = await tools().read('big.txt')
    expect([text.length, text.endsWith('a'), truncated, bytes]).toEqual([
      262_143,
      true,
      true,
      262_163,
    ])
    expect(note).toBe('Only the first 256 KB of 262163 bytes are shown.')
  })

  it('refuses binary files with their size', async () => {
    await put('image.png', new Uint8Array([137, 80, 0, 1]))
    expect(await refusal(() => tools().read('image.png'))).toBe(
      'image.png is a binary file of 4 bytes.',
    )
  })
})

describe('searching', () => {
  it('finds plain text in upper and lower case, with line numbers, in files in a fixed order', async () => {
    await put('b.txt', 'one\r\ntwo (x.y)\n')
    await put('a/deep.txt', 'zero\n  TWO (X.Y)  ')
    await put('c.txt', 'two (xzy)')
    expect(await tools().search('two (x.y)')).toEqual({
      query: 'two (x.y)',
      path: '.',
      matches: [
        { path: 'a/deep.txt', line: 2, text: 'TWO (X.Y)' },
        { path: 'b.txt', line: 2, text: 'two (x.y)' },
      ],
      filesSearched: 3,
      truncated: false,
    })
    expect(await tools().search('two', 'b.txt')).toMatchObject({ filesSearched: 1, path: 'b.txt' })
  })

  it('skips binary files and installed packages, and searches the first megabyte of the large', async () => {
    await put('bin', new Uint8Array([...Buffer.from('needle'), 0]))
    await put('node_modules/x.js', 'needle')
    await put('big.txt', `needle\n${'a'.repeat(1024 * 1024)}\nneedle`)
    const { matches, note } = await tools().search('needle')
    expect(matches).toEqual([{ path: 'big.txt', line: 1, text: 'needle' }])
    expect(note).toContain('first 1 MB')
  })

  it('stops at two hundred matches and at two thousand files', async () => {
    await put('many.txt', 'needle\n'.repeat(300))
    expect(await tools().search('needle')).toMatchObject({
      matches: { length: 200 },
      truncated: true,
      note: 'Only the first 200 matches are shown.',
    })
    await Promise.all(Array.from({ length: 2_000 }, (_, n) => put(`f/${n}`, 'x')))
    expect(await tools().search('absent')).toMatchObject({
      filesSearched: 2_000,
      truncated: true,
      note: 'Only the first 2000 files were searched.',
    })
  })

  it('shows the part of a long line around the match', async () => {
    await put('long.txt', `${'a'.repeat(5_000)}needle${'b'.repeat(5_000)}`)
    const { matches } = await tools().search('needle')
    expect(matches[0]!.text).toMatch(/^…a+needleb+…$/)
    expect(matches[0]!.text.length).toBeLessThan(250)
  })

  it('refuses an empty text and ends at an abort', async () => {
    await put('a.txt', 'a')
    expect(await refusal(() => tools().search('  '))).toContain('empty')
    const abortSignal = AbortSignal.abort('stopped')
    await expect(tools().search('a', '.', { abortSignal })).rejects.toBe('stopped')
  })
})

describe('counting', () => {
  it('counts lines, words, characters and bytes', async () => {
    await put('a.txt', 'one two\n\tthrée 🙂\nlast')
    await put('empty.txt')
    await put('ended.txt', 'a\nb\n')
    expect(await tools().count('a.txt')).toEqual({
      path: 'a.txt',
      type: 'file',
      lines: 3,
      words: 5,
      characters: 21,
      bytes: 25,
    })
    expect(await tools().count('empty.txt')).toMatchObject({ lines: 0, words: 0, bytes: 0 })
    expect(await tools().count('ended.txt')).toMatchObject({ lines: 2, words: 2 })
  })

  it('counts across the pieces it reads in, and stops with a note in a huge file', async () => {
    await put('wide.txt', 'é'.repeat(100_000))
    expect(await tools().count('wide.txt')).toMatchObject({
      words: 1,
      characters: 100_000,
      lines: 1,
    })
    await put('huge.txt', Buffer.alloc(16 * 1024 * 1024, 'a'))
    await appendFile(path.join(root, 'huge.txt'), 'b c')
    expect(await tools().count('huge.txt')).toMatchObject({
      bytes: 16 * 1024 * 1024 + 3,
      note: 'Only the first 16 MB were counted.',
    })
  })

  it('counts the files of a folder and says what is binary', async () => {
    await put('d/a.txt')
    await put('d/e/b.txt')
    await put('d/e/bin', new Uint8Array([0]))
    expect(await tools().count('d')).toEqual({
      path: 'd',
      type: 'folder',
      files: 1,
      folders: 1,
      filesBelow: 3,
    })
    expect(await tools().count('d/e/bin')).toEqual({ path: 'd/e/bin', type: 'binary', bytes: 1 })
  })

  it('marks every file tool as read-only', () => {
    const marks = Object.values(createFileTools({ root })).map((tool) => tool.idempotent)
    expect(marks).toEqual([true, true, true, true])
  })
})
