/** CPU of the server per run and the time to the first words, the servers taking turns. */
import type { Contender, ContenderName, Contenders } from '../contenders.ts'
import type { Script } from '../script.ts'
import { median, quantile, sum } from '../statistics.ts'

export type Workload = { readonly name: string; readonly script: Script }

export type CpuOptions = {
  readonly workloads: readonly Workload[]
  readonly concurrencies: readonly number[]
  readonly rounds: number
  /** Runs before anything is measured, for the compiler. */
  readonly warmUp: number
  readonly onRound?: (said: string) => void
}

export type CpuResult = {
  readonly workload: string
  readonly concurrency: number
  readonly contender: ContenderName
  /** User and system time of the server's process; the embedded database is part of it. */
  readonly cpuMsPerRun: number
  /** Of the database's own processes. */
  readonly databaseMsPerRun: number | undefined
  readonly firstChunkMs: { readonly p50: number; readonly p99: number }
  readonly bytesPerRun: number
  /** Digest of what the answer says. */
  readonly text: string
}

type Round = {
  readonly cpuMs: number
  readonly databaseMs: number | undefined
  readonly firstChunkMs: readonly number[]
  readonly bytesPerRun: number
  readonly text: string
}

const WARM_UP: Script = { steps: 2, deltas: 500, everyMs: 0 }

export const measureCpu = async (
  contenders: Contenders,
  { workloads, concurrencies, rounds, warmUp, onRound = () => {} }: CpuOptions,
): Promise<CpuResult[]> => {
  const results: CpuResult[] = []
  for (const contender of contenders.all) await oneRound(contenders, contender, WARM_UP, warmUp)
  for (const { name, script } of workloads) {
    for (const concurrency of concurrencies) {
      const taken = new Map<Contender, Round[]>(contenders.all.map((one) => [one, []]))
      for (let round = 0; round < rounds; round++)
        for (const [contender, own] of taken)
          own.push(await oneRound(contenders, contender, script, concurrency))
      assertSame(name, [...taken.values()].flat())
      for (const [contender, own] of taken)
        results.push({ workload: name, concurrency, ...summaryOf(contender, own) })
      onRound(`${name}, ${concurrency} at a time`)
    }
  }
  await contenders.check()
  return results
}

const oneRound = async (
  { clients }: Contenders,
  { url, call, databaseCpuMs }: Contender,
  script: Script,
  concurrency: number,
): Promise<Round> => {
  const runs = Math.max(concurrency, 2)
  const msOfRun = script.everyMs * script.deltas * script.steps
  const before = { cpu: await call.cpuMs(), database: await databaseCpuMs() }
  const load = { url, script, runs, concurrency, spreadMs: msOfRun / 2 }
  const { firstChunkMs, bytesPerRun, texts } = await clients.load(load)
  const after = { cpu: await call.cpuMs(), database: await databaseCpuMs() }
  if (texts.length !== 1) throw new Error(`${url} gave ${texts.length} different answers.`)
  return {
    cpuMs: (after.cpu - before.cpu) / runs,
    databaseMs:
      after.database === undefined || before.database === undefined
        ? undefined
        : (after.database - before.database) / runs,
    firstChunkMs,
    bytesPerRun,
    text: texts[0]!,
  }
}

const assertSame = (workload: string, rounds: readonly Round[]): void => {
  const texts = new Set(rounds.map(({ text }) => text))
  if (texts.size !== 1) throw new Error(`The servers answer ${workload} differently.`)
}

const summaryOf = (
  { name }: Contender,
  rounds: readonly Round[],
): Omit<CpuResult, 'workload' | 'concurrency'> => {
  const first = rounds.flatMap(({ firstChunkMs }) => firstChunkMs)
  const database = rounds.flatMap(({ databaseMs }) => databaseMs ?? [])
  return {
    contender: name,
    cpuMsPerRun: median(rounds.map(({ cpuMs }) => cpuMs)),
    databaseMsPerRun: database.length < rounds.length ? undefined : sum(database) / rounds.length,
    firstChunkMs: { p50: median(first), p99: quantile(first, 0.99) },
    bytesPerRun: rounds[0]!.bytesPerRun,
    text: rounds[0]!.text,
  }
}
