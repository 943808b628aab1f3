/** `npm run compat -- --write`: every client, everything that can happen, everywhere; and docs/compatibility.md made of it. */
import { spawn } from 'node:child_process'
import process from 'node:process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    /** Puts the tables into the page. */
    write: { type: 'boolean', default: false },
    /** Chance is the same for the same number. */
    seed: { type: 'string', default: '1' },
  },
})

const args = ['run', '--config', 'test/compat/full/vitest.config.ts']
const env = {
  ...process.env,
  COMPAT_SEED: values.seed,
  ...(values.write ? { COMPAT_WRITE: 'docs/compatibility.md' } : {}),
}
const vitest = ['node_modules/vitest/vitest.mjs', ...args]
const child = spawn(process.execPath, vitest, { env, stdio: 'inherit' })
child.once('close', (code) => {
  process.exitCode = code ?? 1
})
