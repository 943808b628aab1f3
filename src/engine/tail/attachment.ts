/** A reader's way to a run: from its start, from where the reader stands, or from the answers that it gave. */
import type { Position } from '../../domain/position.ts'
import type { RunRecord } from '../../domain/run.ts'
import type { Attachment } from '../api.ts'
import type { Chunk } from '../chunks.ts'
import type { Frame } from './replay.ts'
import { Tail, type TailPorts } from './tail.ts'

export type AttachmentOptions = {
  readonly after?: Position
  /** Whether the reader is told which message it reads; unless set, when it is new to it. */
  readonly start?: boolean
  /** Approvals of which the reader knows what was decided. */
  readonly agreed?: ReadonlySet<string>
}

export const attachmentOf = (
  ports: TailPorts,
  run: RunRecord,
  chatId: string,
  { after, start = !after, agreed, closing }: AttachmentOptions & { readonly closing: AbortSignal },
): Attachment => {
  const messageId = run.assistantMessageId ?? run.id
  const messageMetadata = { runId: run.id, chatId }
  const first: Chunk = { type: 'start', messageId, messageMetadata }
  const tail = new Tail(ports, run, start ? first : undefined, after)
  return {
    run,
    frames: (signal) => withoutAgreed(tail.frames(AbortSignal.any([signal, closing])), agreed),
    get ended() {
      return tail.ended
    },
  }
}

/** Who has decided is not told so: clients before `ai` 7 do not know the chunk that says it. */
async function* withoutAgreed(
  batches: AsyncIterable<readonly Frame[]>,
  agreed: ReadonlySet<string> = new Set(),
): AsyncGenerator<readonly Frame[]> {
  for await (const batch of batches) {
    const news = batch.filter(
      ({ chunk }) => chunk.type !== 'tool-approval-response' || !agreed.has(chunk.approvalId),
    )
    if (news.length > 0) yield news
  }
}
