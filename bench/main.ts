/** `npm run bench -- --quick --json --write docs/performance.md`: what a durable run costs beside an undurable one. */
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { findPostgres } from '../test/support/find-postgres.ts'
import { startEmbeddedPostgres } from '../test/support/embedded-postgres.ts'
import { startContenders } from './contenders.ts'
import { startFleets } from './fleets.ts'
import { FULL, measureAll, QUICK, type Plan } from './measures/all.ts'
import { reportOf, withReport } from './report.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    /** A page of which the marked part is replaced. */
    write: { type: 'string' },
    /** Folder for CPU profiles of the servers. */
    profile: { type: 'string' },
    /** Only these of cpu, memory, reconnect, late, crowd, idle, fleet. */
    only: { type: 'string', multiple: true },
    /** Only these workloads, and only so many runs at a time. */
    workload: { type: 'string', multiple: true },
    concurrency: { type: 'string', multiple: true },
  },
})

const say = (line: string) => process.stderr.write(`${line}\n`)

const planOf = (plan: Required<Plan>): Plan => {
  const { workload, concurrency, only } = values
  const workloads = plan.cpu.workloads.filter(({ name }) => workload?.includes(name) ?? true)
  const concurrencies = concurrency?.map(Number) ?? plan.cpu.concurrencies
  const whole = {
    ...plan,
    cpu: { ...plan.cpu, workloads, concurrencies, onRound: say },
    crowd: { ...plan.crowd, onCrowd: say },
    fleet: { ...plan.fleet, onFleet: say },
  }
  const kept = Object.entries(whole).filter(([name]) => only?.includes(name) ?? true)
  return Object.fromEntries(kept)
}

await using stack = new AsyncDisposableStack()
const adminUrl = (await findPostgres()) ?? (await ownPostgres())
const contenders = stack.use(await startContenders(adminUrl, values.profile))
const results = await measureAll(contenders, planOf(values.quick ? QUICK : FULL), () =>
  startFleets(adminUrl, values.profile),
)
const report = reportOf(results)
process.stdout.write(`${values.json ? JSON.stringify(results, null, 2) : report}\n`)
if (values.write !== undefined)
  writeFileSync(values.write, withReport(readFileSync(values.write, 'utf8'), report))

async function ownPostgres(): Promise<string> {
  const postgres = await startEmbeddedPostgres()
  stack.defer(() => postgres.stop())
  return postgres.url
}
