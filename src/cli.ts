#!/usr/bin/env node
/** The command line: `outlast` serves, and its commands look after what was served. */
import process from 'node:process'
import { runCommand } from './cli/run-command.ts'

process.exitCode = await runCommand(process.argv.slice(2), process)
