/** Installs the examples as one who tries them does, with this Outlast in them, and builds their pages. */
import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packOutlast } from '../support/packed.ts'

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

const execute = promisify(execFile)

export const installExamples = async (): Promise<void> => {
  if (!isInstalled()) {
    console.warn('Installing the packages of the examples (once) ...')
    await execute('npm', ['ci', '--loglevel=error'], { cwd: EXAMPLES })
  }
  const folder = await mkdtemp(join(tmpdir(), 'outlast-examples-'))
  try {
    const installed = join(EXAMPLES, 'node_modules/outlast')
    const packed = await packOutlast(folder)
    await rm(installed, { recursive: true })
    await cp(packed, installed, { recursive: true })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Runs a program that an example has installed. */
export const runTool = async (script: string, args: readonly string[]): Promise<string> => {
  const path = join(EXAMPLES, 'node_modules', script)
  const env = { PATH: process.env['PATH'], NEXT_TELEMETRY_DISABLED: '1' }
  const { stdout } = await execute(process.execPath, [path, ...args], { cwd: EXAMPLES, env })
  return stdout
}

/** Outlast is not bundled, so a page is as new as its sources. */
export const isBuilt = (example: string, output: string): boolean => {
  const built = join(EXAMPLES, example, output)
  if (!existsSync(built)) return false
  const sources = globSync([`${example}/**/*.{ts,tsx,html}`, 'package-lock.json'], {
    cwd: EXAMPLES,
    exclude: ['**/.next', '**/dist', '**/next-env.d.ts'],
  })
  const newest = Math.max(...sources.map((path) => statSync(join(EXAMPLES, path)).mtimeMs))
  return statSync(built).mtimeMs > newest
}

type Locked = { readonly version?: string; readonly optional?: boolean }

/** npm keeps its own record of what it put into node_modules; it is written last. */
const isInstalled = (): boolean => {
  const record = join(EXAMPLES, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(join(EXAMPLES, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || (installed[path] ? installed[path].version === version : optional === true),
  )
}

const packagesOf = (file: string) =>
  (JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, Locked> }).packages
