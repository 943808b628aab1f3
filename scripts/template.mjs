/** Makes the database that new embedded ones begin as, unless the last one was made of what is installed now. */
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runNode } from './node.mjs'

const here = fileURLToPath(import.meta.url)
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist')
const template = join(folder, 'embedded.tar.gz')

export const makeTemplate = async () => {
  if (!isStale()) return
  const code = await runNode([here])
  if (code !== 0) process.exit(code)
}

const isStale = () => {
  if (!existsSync(template)) return true
  const made = statSync(template).mtimeMs
  return [here, join(root, 'package-lock.json')].some((source) => statSync(source).mtimeMs > made)
}

/** Its package is there only after the set-up, and on the Node that was found by it. */
const make = async () => {
  const { PGlite } = await import('@electric-sql/pglite')
  const database = await PGlite.create()
  const dump = await database.dumpDataDir('gzip')
  await database.close()
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${template}.new`, Buffer.from(await dump.arrayBuffer()))
  renameSync(`${template}.new`, template)
}

if (process.argv[1] === here) await make()
