/** `npm test`: installs, builds the web page, runs the tests once. Arguments go to Vitest. */
import { runNode } from './node.mjs'
import { setup } from './setup.mjs'
import { makeTemplate } from './template.mjs'
import { buildWeb } from './web.mjs'

setup()
await buildWeb()
await makeTemplate()
process.exitCode = await runNode([
  'node_modules/vitest/vitest.mjs',
  'run',
  ...process.argv.slice(2),
])
