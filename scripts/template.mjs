/** Makes the database that new embedded ones begin as, unless the last one was made of what is there now. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runNode } from './node.mjs'

const here = fileURLToPath(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist')
const template = join(folder, 'embedded.tar.gz')

export const makeTemplate = async () => {
  if (!isStale()) return
  // Otherwise the new one would begin as a copy of the old one.
  rmSync(template, { force: true })
  const code = await runNode([here])
  if (code !== 0) process.exit(code)
}

const isStale = () => {
  if (!existsSync(template)) return true
  const made = statSync(template).mtimeMs
  const migrations = join(root, 'src/store/migrations')
  const sources = [
    here,
    join(root, 'package-lock.json'),
    join(root, 'src/store/migrate.ts'),
    ...readdirSync(migrations).map((name) => join(migrations, name)),
  ]
  return sources.some((source) => statSync(source).mtimeMs > made)
}

/** What it imports is there only after the set-up, and runs only on the Node that was found by it. */
const make = async () => {
  const { openDatabase } = await import('../src/store/database.ts')
  const { migrate } = await import('../src/store/migrate.ts')
  const { PGlite } = await import('@electric-sql/pglite')
  const { NodeFS } = await import('@electric-sql/pglite/nodefs')
  const dataDir = mkdtempSync(join(tmpdir(), 'outlast-template-'))
  try {
    const db = await openDatabase({ dataDir })
    await migrate(db)
    await db.destroy()
    const database = await PGlite.create({ fs: new NodeFS(join(dataDir, 'pg')) })
    const dump = await database.dumpDataDir('gzip')
    await database.close()
    mkdirSync(folder, { recursive: true })
    await writeFile(`${template}.new`, Buffer.from(await dump.arrayBuffer()))
    renameSync(`${template}.new`, template)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

if (process.argv[1] === here) await make()
