/** Outlast as it is published, in the folders of applications that have installed it beside other packages. */
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Client from '../../src/client/index.ts'
import { packOutlast } from '../support/packed.ts'
import { installClients, type Kit } from './kits.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Published = AsyncDisposable & {
  /** An application's folder, with Outlast as a package in it. */
  readonly folder: string
  /** `outlast/client` for an application on this version of `ai`. */
  clientFor(kit: Kit): Promise<typeof Client>
}

export const publish = async (): Promise<Published> => {
  await installClients()
  // Among the packages of Outlast, where those that it depends on are found.
  await mkdir(join(root, 'test-results'), { recursive: true })
  const folder = await mkdtemp(join(root, 'test-results/published-'))
  const packed = join(folder, 'node_modules/outlast')
  await mkdir(join(folder, 'node_modules'))
  await rename(await packOutlast(folder), packed)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  return {
    folder,
    async clientFor({ version, ai }) {
      const packages = join(folder, version, 'node_modules')
      await mkdir(packages, { recursive: true })
      // A copy: where a package really is decides which others it finds.
      await cp(packed, join(packages, 'outlast'), { recursive: true })
      await symlink(ai, join(packages, 'ai'))
      return import(pathToFileURL(join(packages, 'outlast/dist/client/index.js')).href)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
