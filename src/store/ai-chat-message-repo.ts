/** Messages as rows, for callers that write them themselves. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import { cleanJson } from '../domain/text.ts'
import type { OutlastDatabase } from './database.ts'
import { now } from './fence.ts'
import { rethrow } from './outage.ts'
import { json } from './rows.ts'
import type { AiChatMessagesTable, MessageMetadata } from './schema.ts'

export type AiChatMessage = Selectable<AiChatMessagesTable>
type WithMetadata = { metadata?: MessageMetadata | null }
export type NewAiChatMessage = Omit<Insertable<AiChatMessagesTable>, 'metadata'> & WithMetadata
export type AiChatMessagePatch = Omit<
  Updateable<AiChatMessagesTable>,
  'id' | 'workspaceId' | 'chatId' | 'metadata'
> &
  WithMetadata

/** @example const message = await messages.insert({ chatId, workspaceId, role: 'user', content: 'Hello' }) */
export class AiChatMessageRepo {
  readonly #db: OutlastDatabase

  constructor(db: OutlastDatabase) {
    this.#db = db
  }

  async insert({ metadata, ...message }: NewAiChatMessage): Promise<AiChatMessage> {
    return this.#db
      .insertInto('aiChatMessages')
      .values({ ...message, ...metadataColumn(metadata) })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(rethrow)
  }

  /** `updatedAt` becomes now unless the patch has it. */
  async update(
    id: string,
    workspaceId: string,
    { metadata, ...patch }: AiChatMessagePatch,
  ): Promise<AiChatMessage | undefined> {
    return this.#db
      .updateTable('aiChatMessages')
      .set({ updatedAt: now, ...patch, ...metadataColumn(metadata) })
      .where('id', '=', id)
      .where('workspaceId', '=', workspaceId)
      .returningAll()
      .executeTakeFirst()
      .catch(rethrow)
  }

  async findById(id: string, workspaceId: string): Promise<AiChatMessage | undefined> {
    return this.#db
      .selectFrom('aiChatMessages')
      .selectAll()
      .where('id', '=', id)
      .where('workspaceId', '=', workspaceId)
      .executeTakeFirst()
      .catch(rethrow)
  }
}

/** Cleaned, because `jsonb` refuses NUL and halves of surrogate pairs. */
const metadataColumn = (
  metadata: MessageMetadata | null | undefined,
): { metadata?: string | null } => {
  if (metadata === undefined) return {}
  return { metadata: metadata === null ? null : json(cleanJson(metadata)) }
}
