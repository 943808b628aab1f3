/** Outlast as `npm publish` would upload it, without the page. */
import { execFile } from 'node:child_process'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const execute = promisify(execFile)

/** The database that embedded ones begin as. */
export const TEMPLATE = 'dist/embedded.tar.gz'

/** @returns the folder of the package, in the one that is given */
export const packOutlast = async (folder: string): Promise<string> => {
  const staging = join(folder, 'staging')
  await mkdir(staging)
  for (const name of ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'])
    await cp(join(root, name), join(staging, name))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const config = join(root, 'tsconfig.build.json')
  await cp(join(root, TEMPLATE), join(staging, TEMPLATE))
  await execute(process.execPath, [tsc, '-p', config, '--outDir', join(staging, 'dist')])
  const flags = ['--ignore-scripts', '--json', '--loglevel=error']
  const { stdout } = await execute('npm', ['pack', ...flags], { cwd: staging })
  const [tarball] = Object.values(JSON.parse(stdout) as Record<string, { filename: string }>)
  await mkdir(join(folder, 'packed'))
  await execute('tar', ['-xzf', join(staging, tarball!.filename), '-C', join(folder, 'packed')])
  return join(folder, 'packed/package')
}
