/** `npm run chaos -- --runs 500 --seed 1`: breaks a fleet of Outlast processes and says what came of it. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { startEmbeddedPostgres } from '../test/support/embedded-postgres.ts'
import { describeFleet, type Role } from './fleet.ts'
import type { Profile } from './history.ts'
import { startOutlast } from './outlast.ts'
import { reportOf } from './report.ts'
import { runChaos } from './run-chaos.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    processes: { type: 'string' },
    servers: { type: 'string' },
    workers: { type: 'string' },
    concurrency: { type: 'string', default: '4' },
    redis: { type: 'boolean', default: false },
    deaf: { type: 'boolean', default: false },
    'in-flight': { type: 'string', default: '8' },
    lease: { type: 'string', default: '3000' },
    every: { type: 'string', default: '1000' },
    database: { type: 'string', default: process.env['TEST_DATABASE_URL'] ?? '' },
    said: { type: 'boolean', default: false },
  },
})

type NumberName = Exclude<keyof typeof values, 'said' | 'redis' | 'deaf'>

const number = (name: NumberName, least: number, standard?: number): number => {
  const value = Number(values[name] ?? standard)
  if (Number.isInteger(value) && value >= least) return value
  throw new RangeError(`--${name} is a whole number from ${least} on.`)
}

/** One of each role is always left alone, so there are two of it at least. */
const roles = (): Role[] => {
  const of = (role: Role, count: number) => Array.from({ length: count }, () => role)
  const { processes, servers, workers } = values
  if (servers === undefined && workers === undefined) return of('both', number('processes', 2, 3))
  if (processes !== undefined)
    throw new RangeError('Processes are --processes, or --servers and --workers, but not both.')
  return [...of('server', number('servers', 2, 2)), ...of('worker', number('workers', 2, 3))]
}

const profile: Profile = {
  seed: number('seed', 0),
  runs: number('runs', 1),
  roles: roles(),
  redis: values.redis,
  inFlight: number('in-flight', 1),
  leaseMs: number('lease', 1000),
  faultMs: number('every', 1),
  attempts: 3,
  settleMs: 60_000,
}

await using stack = new AsyncDisposableStack()
const adminUrl = values.database || (await ownPostgres())
const server = stack.use(
  await startOutlast({
    roles: profile.roles,
    redis: profile.redis,
    deaf: values.deaf,
    concurrency: number('concurrency', 1),
    leaseMs: profile.leaseMs,
    adminUrl,
    ...(values.said ? { onSaid: (one, said) => say(`--- process ${one} said:\n${said}`) } : {}),
  }),
)
process.once('SIGINT', () => void stack.disposeAsync().then(() => process.exit(130)))
say(`seed ${profile.seed}: ${profile.runs} runs on ${describeFleet(profile)}`)
const history = await runChaos({
  server,
  profile,
  onProgress: ({ seconds, finished, active, faults }) =>
    say(`${seconds} s: ${finished} of ${profile.runs} runs, ${active} active, ${faults} faults`),
})
const { text, violations } = reportOf(history)
say(text)
process.exitCode = violations.length > 0 ? 1 : 0

/** Nothing is kept of it. */
async function ownPostgres(): Promise<string> {
  const postgres = await startEmbeddedPostgres()
  stack.defer(() => postgres.stop())
  return postgres.url
}
