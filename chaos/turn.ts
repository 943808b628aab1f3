/** One message and its answer: sends it until a process takes it, and lets readers follow the run to its end. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer, RunServer } from './adapter.ts'
import { doorsOf } from './fleet.ts'
import type { RunRecord } from './history.ts'
import type { PlannedRun, Random } from './plan.ts'
import { Reader } from './reader.ts'

/** How long a process may think about a message before another one is asked. */
const SEND_MS = 6000
const PAUSE_MS = 200

export type ActiveRun = {
  readonly record: RunRecord
  readonly id: string
  readonly readers: Reader[]
}

export type TurnOptions = {
  readonly server: RunServer
  readonly random: Random
  readonly plan: PlannedRun
  readonly record: RunRecord
  readonly leaving: AbortSignal
  /** The run is known; it is active until the promise of `playTurn` resolves. */
  readonly onActive: (run: ActiveRun) => void
}

/** Resolves when all readers have the whole answer, or at `leaving`. */
export const playTurn = async (options: TurnOptions): Promise<void> => {
  const { server, random, plan, record, leaving, onActive } = options
  const sent = await send(options)
  if (!sent) return
  const { answer, connection } = sent
  record.sentAt = Date.now()
  record.ids.add(answer.run)
  const readers = Array.from({ length: plan.readers + 1 }, (_, n) => {
    const name = `${record.script.run}/reader${n}`
    const decides = n === 0 ? record.script : undefined
    return new Reader({ server, random, run: answer.run, name, decides, leaving })
  })
  record.readers.push(...readers.map((reader) => reader.record))
  onActive({ record, id: answer.run, readers })
  await Promise.all(
    readers.map(async (reader, n) => {
      if (n === 0) return reader.follow({ frames: answer.frames, connection })
      await sleep(random.int(0, 3000))
      return reader.follow()
    }),
  )
}

const send = async ({
  server,
  random,
  record,
  leaving,
}: TurnOptions): Promise<{ answer: Answer; connection: AbortController } | undefined> => {
  const turn = {
    chat: record.chat,
    message: record.message,
    ...(record.edits === undefined ? {} : { edits: record.edits }),
    text: JSON.stringify(record.script),
  }
  while (!leaving.aborted) {
    const connection = new AbortController()
    const patience = setTimeout(() => connection.abort(), SEND_MS)
    try {
      const signal = AbortSignal.any([connection.signal, leaving])
      const process = random.pick(doorsOf(server))
      return { answer: await server.send(process, turn, signal), connection }
    } catch {
      // Nobody knows whether it was taken: it is sent again, as what it is.
      await sleep(PAUSE_MS)
    } finally {
      clearTimeout(patience)
    }
  }
  return undefined
}
