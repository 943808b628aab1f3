/** What processes on one database say to each other. A notice is small, may get lost, and carries ids only. */
import type { ChatSignal, Signal } from '../engine/ports.ts'

export type Notice = {
  readonly from: string
  /** Of one that has just come and does not know who is there. */
  readonly hello?: boolean
  /** Runs of others that it reads. */
  readonly reads?: readonly string[]
  readonly runs?: readonly Signal[]
  readonly chats?: readonly ChatSignal[]
}

/** PostgreSQL takes less than 8000 bytes. */
const MAX_BYTES = 7900

type Word = { readonly [Key in 'reads' | 'runs' | 'chats']?: Notice[Key] }

/** As few payloads as there can be; what is too large for one is left out. */
export const encodeNotice = ({ reads = [], runs = [], chats = [], ...head }: Notice): string[] => {
  const words: Word[] = [
    ...reads.map((runId) => ({ reads: [runId] })),
    ...runs.map((signal) => ({ runs: [signal] })),
    ...chats.map((signal) => ({ chats: [signal] })),
  ]
  const payloads: string[] = []
  let notice: Notice = head
  let bytes = 0
  const end = () => payloads.push(JSON.stringify(notice))
  for (const word of words) {
    const size = Buffer.byteLength(JSON.stringify(word))
    if (size > MAX_BYTES / 2) continue
    if (bytes + size > MAX_BYTES - 200) {
      end()
      notice = { from: head.from }
      bytes = 0
    }
    notice = added(notice, word)
    bytes += size
  }
  end()
  return payloads
}

const added = (notice: Notice, { reads, runs, chats }: Word): Notice => ({
  ...notice,
  ...(reads ? { reads: [...(notice.reads ?? []), ...reads] } : {}),
  ...(runs ? { runs: [...(notice.runs ?? []), ...runs] } : {}),
  ...(chats ? { chats: [...(notice.chats ?? []), ...chats] } : {}),
})

/** Undefined for what no process of ours has said. */
export const decodeNotice = (payload: string): Notice | undefined => {
  try {
    const notice = JSON.parse(payload) as Notice | null
    return typeof notice?.from === 'string' ? notice : undefined
  } catch {
    return undefined
  }
}
