/** Makes the installed packages equal to package-lock.json, at once when they already are. Runs on Node 20. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode } from './node.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

export const setup = () => {
  if (!isInstalled()) install()
  findNode()
}

/** npm keeps its own record of what it put into node_modules; it is written last. */
const isInstalled = () => {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(join(root, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional),
  )
}

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

const install = () => {
  process.stderr.write('Installing packages (once) ...\n')
  const { npm_execpath: cli, npm_node_execpath: node = process.execPath } = process.env
  // The npm that runs us, on its own Node: the one in node_modules is about to be replaced.
  const [command, ...first] = cli?.endsWith('.js') ? [node, cli] : ['npm']
  const flags = ['ci', '--include=dev', '--loglevel=error', '--no-audit', '--no-fund']
  const { status, error } = spawnSync(command, [...first, ...flags], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: command === 'npm' && process.platform === 'win32',
  })
  if (status === 0) return
  process.stderr.write(`Installing the packages failed${error ? `: ${error.message}` : ''}.\n`)
  process.exit(status ?? 1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup()
