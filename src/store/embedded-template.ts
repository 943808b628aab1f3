/** A database with our tables and nothing in them, made when the package was built: new ones are its copies, as to make one takes seconds. */
import { existsSync, mkdirSync, openAsBlob, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { parseTar } from 'nanotar'

/** From `src/store` as from `dist/store`. Where a bundler has moved this file there is none, and none is needed. */
const FILE = join(fileURLToPath(import.meta.url), '../../../dist/embedded.tar.gz')

/** Undefined where there is none. */
export async function findTemplate(): Promise<Blob | undefined> {
  return existsSync(FILE) ? openAsBlob(FILE) : undefined
}

/** Puts a copy into an empty folder. */
export async function unpackTemplate(template: Blob, folder: string): Promise<void> {
  const tar = await promisify(gunzip)(await template.arrayBuffer())
  for (const { name, type, data } of parseTar(tar)) {
    const path = join(folder, name)
    if (type === 'directory') mkdirSync(path, { recursive: true, mode: 0o700 })
    else writeFileSync(path, data ?? '', { mode: 0o600 })
  }
}
