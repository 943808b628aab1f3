import { defineConfig } from 'vitest/config'
import base from '../../../vitest.config.ts'

/** The whole matrix, which takes minutes: `npm run compat`. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: ['test/compat/full/matrix.ts'], testTimeout: 3_600_000 },
})
