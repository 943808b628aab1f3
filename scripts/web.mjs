/** Builds the web page when a source of it is newer than the last build. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runNode } from './node.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

export const buildWeb = async ({ always = false } = {}) => {
  if (!existsSync(join(root, 'web', 'index.html'))) return
  if (!always && !isStale()) return
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const code = await runNode([vite, 'build', 'web', '--logLevel', 'warn'])
  if (code !== 0) process.exit(code)
}

const isStale = () => {
  const page = join(root, 'web', 'dist', 'index.html')
  if (!existsSync(page)) return true
  const built = statSync(page).mtimeMs
  const sources = ['web', 'src', 'package-lock.json'].map((name) => join(root, name))
  return sources.some((source) => newestIn(source) > built)
}

const newestIn = (path) => {
  const { mtimeMs } = statSync(path)
  if (!statSync(path).isDirectory()) return mtimeMs
  const entries = readdirSync(path).filter((name) => name !== 'dist' && name !== 'node_modules')
  return Math.max(0, ...entries.map((name) => newestIn(join(path, name))))
}
