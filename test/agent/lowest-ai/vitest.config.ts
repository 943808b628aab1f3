import { defineConfig } from 'vitest/config'
import base from '../../../vitest.config.ts'

/** The differential tests with the lowest version of `ai` that is supported in place of the installed one. */
export default defineConfig({
  ...base,
  resolve: { alias: [{ find: /^ai$/, replacement: 'ai-lowest' }] },
  test: {
    ...base.test,
    include: ['test/agent/differential.test.ts'],
    setupFiles: ['test/agent/lowest-ai/is-lowest.ts'],
  },
})
