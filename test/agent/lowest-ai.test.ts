import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, inject, test } from 'vitest'

test('agents do the same as in the AI SDK also on its lowest version that is supported', async () => {
  const config = 'test/agent/lowest-ai/vitest.config.ts'
  const env = { ...process.env, TEST_DATABASE_URL: inject('postgresUrl') }
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', config]
  const run = promisify(execFile)(process.execPath, args, { env, timeout: 110_000 })
  const { stdout } = await run.catch((failed: { stdout: string }) => failed)
  expect(stdout).toMatch(/\n[1-9]\d passed, 0 failed, 0 skipped\n$/)
}, 120_000)
