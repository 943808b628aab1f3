/** One process at a time has a data folder, and only the kernel decides which. */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lockDataFolder } from '../../src/store/data-folder.ts'
import { type Child, runFixture } from './fixtures/child.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const holdFolder = async (folder: string): Promise<Child> => {
  const child = runFixture('hold-folder.ts', folder)
  await child.nextLine()
  return child
}

const tryIn = async (child: Child): Promise<string | undefined> => {
  child.process.stdin?.write('now\n')
  return child.nextLine()
}

describe('the folder lock', () => {
  test('refuses a second process and names the first', async () => {
    await using folder = await temporaryFolder()
    await using holder = await holdFolder(folder.path)
    expect(await tryIn(holder)).toBe('held')

    expect(() => lockDataFolder(folder.path)).toThrow(
      expect.objectContaining({
        code: 'DATA_FOLDER_LOCKED',
        message: expect.stringMatching(
          new RegExp(
            `${folder.path}.*process ${holder.process.pid}\\b.*OUTLAST_DATA_DIR.*DATABASE_URL`,
          ),
        ),
      }),
    )
  })

  test('refuses the process that has it already, and keeps it all the same', async () => {
    await using folder = await temporaryFolder()
    using _lock = lockDataFolder(folder.path)
    expect(() => lockDataFolder(folder.path)).toThrow(`this process (${process.pid})`)

    await using other = await holdFolder(folder.path)
    expect(await tryIn(other)).toBe('DATA_FOLDER_LOCKED')
  })

  test('stays with a process that is stopped', async () => {
    await using folder = await temporaryFolder()
    await using holder = await holdFolder(folder.path)
    await tryIn(holder)
    holder.process.kill('SIGSTOP')

    await using other = await holdFolder(folder.path)
    expect(await tryIn(other)).toBe('DATA_FOLDER_LOCKED')
  })

  test('is free as soon as its process is killed', async () => {
    await using folder = await temporaryFolder()
    for (let round = 0; round < 5; round++) {
      await using holder = await holdFolder(folder.path)
      expect(await tryIn(holder)).toBe('held')
      await holder.kill()
    }
    using lock = lockDataFolder(folder.path)
    expect(lock.dir).toBe(folder.path)
  })

  test('is free when it was released, which may be done twice', async () => {
    await using folder = await temporaryFolder()
    const lock = lockDataFolder(folder.path)
    lock.release()
    lock.release()
    await using other = await holdFolder(folder.path)
    expect(await tryIn(other)).toBe('held')
  })

  test('goes to exactly one of twenty processes that race for it', async () => {
    await using folder = await temporaryFolder()
    const children = await Promise.all(Array.from({ length: 20 }, () => holdFolder(folder.path)))
    try {
      const answers = await Promise.all(children.map(tryIn))
      expect(answers.filter((answer) => answer === 'held')).toHaveLength(1)
      expect(answers.filter((answer) => answer === 'DATA_FOLDER_LOCKED')).toHaveLength(19)
    } finally {
      await Promise.all(children.map((child) => child.kill()))
    }
  }, 60_000)
})

describe('a folder that is taken away from its holder', () => {
  test('is not held any more, until it is put back', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'data')
    using lock = lockDataFolder(dir)
    expect(lock.loss()).toBeUndefined()
    await rename(dir, `${dir}.elsewhere`)
    expect(lock.loss()).toEqual(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(new RegExp(`${dir} was removed or replaced.*Restart`)),
      }),
    )
    await rename(`${dir}.elsewhere`, dir)
    expect(lock.loss()).toBeUndefined()
  })

  test('belongs to whoever makes a new one in its place', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'data')
    const before = lockDataFolder(dir)
    await rm(dir, { recursive: true })
    await using other = await holdFolder(dir)
    expect(await tryIn(other)).toBe('held')
    expect(before.loss()).toBeDefined()
    before.release()
    expect(await readFile(join(dir, 'holder.pid'), 'utf8')).toBe(`${other.process.pid}\n`)
  })
})

describe('a data folder', () => {
  test('is made, with its parents, for its owner only', async () => {
    await using folder = await temporaryFolder()
    const dir = join(folder.path, 'a', 'b')
    using lock = lockDataFolder(dir)
    expect((await stat(lock.dir)).mode & 0o777).toBe(0o700)
  })

  test('is refused, untouched, when it holds something else', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'thesis.odt'), 'years of work')
    expect(() => lockDataFolder(folder.path)).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining('thesis.odt'),
      }),
    )
    expect(await readdir(folder.path)).toEqual(['thesis.odt'])
  })

  test('is still ours when something is put beside our files', async () => {
    await using folder = await temporaryFolder()
    lockDataFolder(folder.path).release()
    await writeFile(join(folder.path, 'notes.txt'), 'remember the milk')
    using lock = lockDataFolder(folder.path)
    expect(lock.dir).toBe(folder.path)
  })

  test('may be the root of an empty volume', async () => {
    await using folder = await temporaryFolder()
    await mkdir(join(folder.path, 'lost+found'))
    using lock = lockDataFolder(folder.path)
    expect(lock.dir).toBe(folder.path)
  })

  test.each([
    ['a file', (root: string) => join(root, 'file')],
    ['below a file', (root: string) => join(root, 'file', 'data')],
    ['where nobody can write', () => '/sys/outlast'],
  ])('is refused with the reason when it is %s', async (_name, place) => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'file'), '')
    expect(() => lockDataFolder(place(folder.path))).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringMatching(/cannot be used: E[A-Z]+: .*OUTLAST_DATA_DIR/),
      }),
    )
  })
})
