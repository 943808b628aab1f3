/**
 * `npm start`: installs, builds the web page, serves.
 *
 * The scripts in package.json begin with `exec` because npm hands a signal to its shell only, which would die of it and
 * leave us behind. Windows has no `exec`; what follows `||` is for it.
 */
import { runNode } from './node.mjs'
import { setup } from './setup.mjs'
import { makeTemplate } from './template.mjs'
import { buildWeb } from './web.mjs'

setup()
await buildWeb()
await makeTemplate()
const watch = process.argv.includes('--watch') ? ['--watch', '--watch-preserve-output'] : []
process.exitCode = await runNode([...watch, '--disable-warning=ExperimentalWarning', 'src/cli.ts'])
