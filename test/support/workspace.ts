/** Folders with a package.json of their own: what their lock file says is installed when a test asks for it. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Makes the packages in a folder equal to its lock file, at once when they already are. */
export const installWorkspace = async (folder: string): Promise<void> => {
  if (isInstalled(folder)) return
  process.stderr.write(`Installing the packages of ${folder} (once) ...\n`)
  await promisify(execFile)('npm', ['ci', '--loglevel=error'], { cwd: folder })
}

type Locked = { readonly version?: string; readonly optional?: boolean }

/** npm keeps its own record of what it put into node_modules; it is written last. */
const isInstalled = (folder: string): boolean => {
  const record = join(folder, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(join(folder, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional === true),
  )
}

const packagesOf = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> }).packages
