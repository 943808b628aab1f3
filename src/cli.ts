#!/usr/bin/env node
/** The command line: `outlast` serves, and its commands look after what was served. */
import { enableCompileCache } from 'node:module'
import process from 'node:process'

// What was compiled once is not compiled with every command. It is Node's own cache, and where it has none it goes without.
enableCompileCache()
const { runCommand } = await import('./cli/run-command.ts')

process.exitCode = await runCommand(process.argv.slice(2), process)
