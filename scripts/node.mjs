/** Finds a Node that runs TypeScript as it is, and runs programs on it as if they were this process. */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const binary = process.platform === 'win32' ? 'node.exe' : 'node'
const bundled = fileURLToPath(new URL(`../node_modules/node/bin/${binary}`, import.meta.url))

/** The path of the bundled Node, or of the running one where the bundled one does not work. */
export const findNode = () => {
  if (process.execPath === bundled || isNewEnough(askVersion(bundled))) return bundled
  if (isNewEnough(process.versions.node)) return process.execPath
  process.stderr.write(
    'Outlast needs Node 22.18 or newer. The one it brings along was not installed (does npm have ignore-scripts on?): run "npm rebuild node --ignore-scripts=false", or use a newer Node.\n',
  )
  process.exit(1)
}

const askVersion = (node) => spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout?.slice(1)

const isNewEnough = (version = '0.0') => {
  const [major, minor] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

/** Runs a program to its end, hands it every signal we get, and resolves with its exit code. */
export const runNode = async (args) => {
  const child = spawn(findNode(), args, { cwd: root, stdio: 'inherit' })
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the whole process group: the child has it already.
    if (signal === 'SIGINT' && process.stdin.isTTY) return
    child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + numberOf(signal)))
  })
}

const numberOf = (signal) => ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 })[signal] ?? 0
