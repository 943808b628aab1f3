import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// Hundreds of processes import the same modules: Node compiles each once. What tests start inherits it.
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(
  new URL('node_modules/.cache/compiled', import.meta.url),
)

export default defineConfig({
  // What the page imports, from its sources, as its build does.
  resolve: {
    alias: { 'outlast/protocol': new URL('src/protocol/index.ts', import.meta.url).pathname },
  },
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // Tests kill and stop whole processes and look at open handles: each file gets a process of its own.
    pool: 'forks',
    maxWorkers: 2,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    retry: 0,
    passWithNoTests: false,
    allowOnly: !process.env['CI'],
    // What is polled for takes as long as it takes on a busy machine.
    expect: { requireAssertions: true, poll: { timeout: 20_000 } },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', './test/support/totals-reporter.ts'],
  },
})
