/** The tree of commands: what each is called, takes and says of itself. */
import { Command, Option } from 'commander'
import { readCliConfig, type CliConfig } from '../config.ts'
import { isConcurrency, MOST_CONCURRENCY } from '../domain/limits.ts'
import { RUN_TRIGGERS } from '../domain/run.ts'
import {
  deleteChat,
  exportChat,
  listChats,
  renameChat,
  showChat,
  type ChatListOptions,
} from './chats.ts'
import { UsageError } from './errors.ts'
import { migrateDatabase } from './migrate.ts'
import { plain } from './plain.ts'
import { reachUser, type Reach, type ReachOptions } from './reach.ts'
import { listRuns, showRun, stopRun, type RunListOptions } from './runs.ts'
import type { Role } from '../role.ts'
import type { RoleOptions } from './serve.ts'
import type { Shell } from './shell.ts'
import { tailRun, type TailOptions } from './tail.ts'
import { version } from '../version.ts'
import {
  createToken,
  listTokens,
  revokeToken,
  type NewTokenOptions,
  type TokenListOptions,
} from './tokens.ts'

export type Actions = {
  readonly start: (role: Role, options: RoleOptions) => Promise<void>
  /** Every other command runs within this. */
  readonly command: (run: () => Promise<void>) => Promise<void>
}

export const createProgram = (shell: Shell, { start, command }: Actions): Command => {
  const program = new Command('outlast')
    .description('Runs AI agent turns that outlive the request that started them.')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void shell.stdout.write(text),
      writeErr: (text) => void shell.stderr.write(plain(text)),
    })
    .addHelpText('after', HELP)
  program
    .command('serve')
    .description('serve on HOST and PORT; what `outlast` alone does')
    .addOption(CONCURRENCY())
    .action((options: RoleOptions) => start('serve', options))
  program
    .command('work')
    .description('execute runs that servers on the same DATABASE_URL begin; answers no requests')
    .addOption(CONCURRENCY())
    .action((options: RoleOptions) => start('work', options))

  const here = (run: (config: CliConfig) => Promise<void>) => command(() => run(readCliConfig()))

  program
    .command('migrate')
    .description('bring the database to this version')
    .addOption(JSON_OUTPUT())
    .action((options: { json?: true }) => here((config) => migrateDatabase(shell, config, options)))

  addTokenCommands(program, shell, here)

  /** Reaches what the options name, for as long as the command runs. */
  const there = (options: ReachOptions, run: (reach: Reach) => Promise<void>) =>
    here(async (config) => {
      await using reach = await reachUser(shell, config, options)
      await run(reach)
    })
  addRunCommands(program, shell, there)
  addChatCommands(program, shell, there)
  return program
}

const HELP = `
Examples:
  $ outlast                                            serve on http://localhost:3000
  $ outlast work --concurrency 100                     execute what servers on DATABASE_URL begin
  $ outlast token create --workspace acme --user ann --expires 90d
  $ outlast runs list --status active                  of the data folder or DATABASE_URL
  $ outlast runs tail <run> --url https://ai.example   of a server; OUTLAST_TOKEN says who asks

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not allowed, 130 ended with Ctrl-C`

const CONCURRENCY = () =>
  new Option(
    '--concurrency <runs>',
    'executed at a time, instead of OUTLAST_CONCURRENCY',
  ).argParser(concurrencyFrom)

const concurrencyFrom = (text: string): number => {
  if (/^\d+$/.test(text) && isConcurrency(Number(text))) return Number(text)
  throw new UsageError(
    `--concurrency is ${text}: write a whole number of runs from 0 to ${MOST_CONCURRENCY}, such as 100.`,
  )
}

type Here = (run: (config: CliConfig) => Promise<void>) => Promise<void>
type There = (options: ReachOptions, run: (reach: Reach) => Promise<void>) => Promise<void>

const JSON_OUTPUT = () => new Option('--json', 'one JSON document instead of text')

/** A command for what belongs to a user. */
const reaching = (parent: Command, name: string, description: string): Command =>
  parent
    .command(name)
    .description(description)
    .option('--url <url>', 'the server to ask (OUTLAST_URL); without one, the database itself')
    .option(
      '--token-file <path>',
      'where the token is, if not in OUTLAST_TOKEN; - is standard input',
    )
    .addOption(new Option('--token [value]').hideHelp())
    .option('--workspace <id>', 'whose they are, in the database itself')
    .option('--user <id>', 'whose they are, in the database itself')
    .addOption(JSON_OUTPUT())
    .hook('preAction', (_, action) => refuseToken(action))

const refuseToken = (action: Command): void => {
  if (action.opts<{ token?: unknown }>().token === undefined) return
  throw new UsageError(
    'A token in a command is seen by everybody on this machine, and kept by your shell: revoke it, and put it into OUTLAST_TOKEN or a --token-file.',
  )
}

const addTokenCommands = (program: Command, shell: Shell, here: Here): void => {
  const token = program
    .command('token')
    .description('bearer tokens, made at the database (DATABASE_URL or OUTLAST_DATA_DIR)')
  token
    .command('create')
    .description('make a token; it is shown this once')
    .requiredOption('--workspace <id>', 'made when it is new')
    .requiredOption('--user <id>', 'on whose behalf requests with it are made; made when new')
    .option('--name <name>', 'what people tell it by', 'command line')
    .option('--expires <when>', 'as in 12h, 90d or 2031-12-31; never unless given')
    .addOption(JSON_OUTPUT())
    .action((options: NewTokenOptions) => here((config) => createToken(shell, config, options)))
  token
    .command('list')
    .description('all tokens, or those of a workspace or user')
    .option('--workspace <id>', 'only of this one')
    .option('--user <id>', 'only of this user')
    .addOption(JSON_OUTPUT())
    .action((options: TokenListOptions) => here((config) => listTokens(shell, config, options)))
  token
    .command('revoke')
    .description('nobody gets in with it any more')
    .argument('<id>', 'as in `outlast token list`')
    .addOption(JSON_OUTPUT())
    .action((id: string, options: { json?: true }) =>
      here((config) => revokeToken(shell, config, id, options)),
    )
}

const paged = (command: Command): Command =>
  command
    .option('--limit <count>', 'at most so many, up to 100')
    .option('--after <position>', 'those after the ones that were listed')

const addRunCommands = (program: Command, shell: Shell, there: There): void => {
  const runs = program.command('runs').description('executions of agents')
  paged(reaching(runs, 'list', 'the newest first'))
    .option('--status <states>', 'as in failed,aborted; also active and settled')
    .option('--chat <id>', 'only of this chat')
    .option('--agent <name>', 'only of this agent')
    .addOption(new Option('--trigger <why>', 'why they began').choices(RUN_TRIGGERS))
    .action((options: ReachOptions & RunListOptions) =>
      there(options, (reach) => listRuns(shell, reach, options)),
    )
  reaching(runs, 'show', 'one run: its steps, what it used, its answer')
    .argument('<run>')
    .action((run: string, options: ReachOptions & { json?: true }) =>
      there(options, (reach) => showRun(shell, reach, run, options)),
    )
  reaching(runs, 'tail', 'what a run says, as it says it; Ctrl-C ends this, not the run')
    .argument('<run>')
    .option('--after <offset>', 'only what comes after it')
    .option('--exit-status', 'exit with 1 unless the run succeeds')
    .action((run: string, options: ReachOptions & TailOptions) =>
      there(options, (reach) => tailRun(shell, reach, run, options)),
    )
  reaching(runs, 'stop', 'ask a run to stop; what it has produced is kept')
    .argument('<run>')
    .action((run: string, options: ReachOptions & { json?: true }) =>
      there(options, (reach) => stopRun(shell, reach, run, options)),
    )
}

const addChatCommands = (program: Command, shell: Shell, there: There): void => {
  const chats = program.command('chats').description('conversations')
  paged(reaching(chats, 'list', 'the one with the newest turn first'))
    .option('--query <words>', 'only those with this in their title')
    .action((options: ReachOptions & ChatListOptions) =>
      there(options, (reach) => listChats(shell, reach, options)),
    )
  reaching(chats, 'show', 'one chat and its messages')
    .argument('<chat>')
    .action((chat: string, options: ReachOptions & { json?: true }) =>
      there(options, (reach) => showChat(shell, reach, chat, options)),
    )
  reaching(chats, 'export', 'one chat as Markdown')
    .argument('<chat>')
    .option('--output <file>', 'a file that does not exist yet, instead of the output')
    .action((chat: string, options: ReachOptions & { json?: true; output?: string }) =>
      there(options, (reach) => exportChat(shell, reach, chat, options)),
    )
  reaching(chats, 'rename', 'give a chat a title')
    .argument('<chat>')
    .argument('[title]', 'its automatic one unless given')
    .action((chat: string, title: string | undefined, options: ReachOptions & { json?: true }) =>
      there(options, (reach) =>
        renameChat(shell, reach, chat, { ...options, title: title ?? null }),
      ),
    )
  reaching(chats, 'delete', 'remove a chat, its messages, runs and files; an active run is stopped')
    .argument('<chat>')
    .option('--yes', 'without asking')
    .action((chat: string, options: ReachOptions & { json?: true; yes?: true }) =>
      there(options, (reach) => deleteChat(shell, reach, chat, options)),
    )
}
