/** Installs the examples as one who tries them does, with this Outlast in them, and builds their pages. */
import { execFile } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { packOutlast } from '../support/packed.ts'
import { installWorkspace } from '../support/workspace.ts'

export const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))

const execute = promisify(execFile)

export const installExamples = async (): Promise<void> => {
  await installWorkspace(EXAMPLES)
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

/** A page has the client of Outlast in it. */
export const isBuilt = (example: string, output: string): boolean => {
  const built = join(EXAMPLES, example, output)
  if (!existsSync(built)) return false
  const own = `${example}/**/*.{ts,tsx,html}`
  const client = '../src/{client,react,protocol,domain}/**/*.{ts,tsx}'
  const sources = globSync([own, client, 'package-lock.json'], {
    cwd: EXAMPLES,
    exclude: ['**/.next', '**/dist', '**/next-env.d.ts'],
  })
  const newest = Math.max(...sources.map((path) => statSync(join(EXAMPLES, path)).mtimeMs))
  return statSync(built).mtimeMs > newest
}
