/** `npm run build`: JavaScript, declarations and the first embedded database into dist, the web page into web/dist. */
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runNode } from './node.mjs'
import { setup } from './setup.mjs'
import { makeTemplate } from './template.mjs'
import { buildWeb } from './web.mjs'

setup()
rmSync(fileURLToPath(new URL('../dist', import.meta.url)), { recursive: true, force: true })
process.exitCode = await runNode(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])
if (process.exitCode === 0) {
  await buildWeb({ always: true })
  await makeTemplate()
}
