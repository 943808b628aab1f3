/** `npm start`: installs, builds the web page, serves. Everything after `--` goes to the command line. */
import { runNode } from './node.mjs'
import { setup } from './setup.mjs'
import { buildWeb } from './web.mjs'

setup()
await buildWeb()
const args = process.argv.slice(2)
// `npm run dev` begins with --watch, which is an option of Node, not ours.
const watch = args[0] === '--watch' ? [args.shift(), '--watch-preserve-output'] : []
const quiet = '--disable-warning=ExperimentalWarning'
process.exitCode = await runNode([...watch, quiet, 'src/cli.ts', ...args])
