/** One chaos run: chats that go on while things break, then calm, then a look at everything. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunServer } from './adapter.ts'
import { Faults } from './faults.ts'
import type { History, Profile, RunRecord } from './history.ts'
import { planChats, seeded, type PlannedChat } from './plan.ts'
import { playTurn, type ActiveRun } from './turn.ts'

export type Progress = {
  readonly seconds: number
  readonly finished: number
  readonly active: number
  readonly faults: number
}

export type ChaosOptions = {
  readonly server: RunServer
  readonly profile: Profile
  readonly onProgress?: (progress: Progress) => void
}

const PROGRESS_MS = 5000

export const runChaos = async ({ server, profile, onProgress }: ChaosOptions): Promise<History> => {
  const startedAt = Date.now()
  const random = seeded(profile.seed)
  const chats = planChats(random, profile.runs)
  const records: RunRecord[] = []
  const active = new Set<ActiveRun>()
  const calm = new AbortController()
  const leaving = new AbortController()
  let finished = 0

  const playChat = async (chat: PlannedChat): Promise<void> => {
    const own = seeded(chat.seed)
    let before: string | undefined
    for (const plan of chat.runs) {
      if (leaving.signal.aborted) return
      const { script } = plan
      const record: RunRecord = {
        script,
        chat: chat.name,
        message: `${script.run}-message`,
        ...(plan.isEdit && before !== undefined ? { edits: before } : {}),
        ids: new Set(),
        readers: [],
        stops: [],
      }
      records.push(record)
      before = record.message
      let current: ActiveRun | undefined
      await playTurn({
        server,
        random: own,
        plan,
        record,
        leaving: leaving.signal,
        onActive: (run) => {
          current = run
          active.add(run)
        },
      })
      if (current) active.delete(current)
      finished += 1
    }
  }

  const faults = new Faults({
    server,
    random,
    leaseMs: profile.leaseMs,
    faultMs: profile.faultMs,
    active,
    signal: calm.signal,
  })
  const breaking = faults.run()
  const progress = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    const count = faults.records.length + faults.redisRecords.length
    onProgress?.({ seconds, finished, active: active.size, faults: count })
  }, PROGRESS_MS)
  const waiting = [...chats]
  const talk = async (): Promise<void> => {
    for (let chat = waiting.shift(); chat; chat = waiting.shift()) await playChat(chat)
  }
  const talking = Promise.all(Array.from({ length: profile.inFlight }, talk))
  try {
    await Promise.race([talking, standstill(() => finished, leaving.signal)])
    calm.abort()
    await breaking
    // What hangs now has had its time, without any fault.
    await Promise.race([talking, sleep(profile.settleMs, undefined, { ref: false })])
    waiting.length = 0
    leaving.abort()
    await talking
    return await look({ server, profile, startedAt, records, faults })
  } finally {
    calm.abort()
    leaving.abort()
    clearInterval(progress)
  }
}

/** Resolves when nothing has been finished for so long that waiting on under faults is of no use. */
const STANDSTILL_MS = 120_000

const standstill = async (finished: () => number, signal: AbortSignal): Promise<void> => {
  let [last, since] = [finished(), Date.now()]
  while (!signal.aborted && Date.now() - since < STANDSTILL_MS) {
    await sleep(1000, undefined, { ref: false })
    if (finished() !== last) [last, since] = [finished(), Date.now()]
  }
}

const look = async (seen: {
  server: RunServer
  profile: Profile
  startedAt: number
  records: readonly RunRecord[]
  faults: Faults
}): Promise<History> => {
  const { server, profile, startedAt, records, faults } = seen
  const deadline = Date.now() + profile.settleMs
  let states = await server.runs()
  while (states.some(({ status }) => status === 'active') && Date.now() < deadline) {
    await sleep(250)
    states = await server.runs()
  }
  return {
    profile,
    startedAt,
    endedAt: Date.now(),
    runs: records,
    faults: faults.records,
    redisFaults: faults.redisRecords,
    readersCut: faults.readersCut,
    modelCalls: [...server.modelCalls()],
    effects: await server.effects(),
    states,
    exits: [...server.exits],
  }
}
