/** What a client may ask of a chat: an answer to a new message, to a changed one, or another answer. */
import type { MessagePart } from './message.ts'

/** A message of the user as a client sends it; without an id the database makes one. */
export type NewMessage = {
  readonly id?: string | undefined
  readonly parts: readonly MessagePart[]
}

/** Ids are those that clients know. */
export type TurnRequest =
  | { readonly kind?: 'new'; readonly message: NewMessage }
  /** The message takes the place of `messageId`, whose id it keeps unless it brings one of its own. */
  | { readonly kind: 'edit'; readonly messageId: string; readonly message: NewMessage }
  | {
      readonly kind: 'regenerate'
      /** An answer, or the message of the user that is to be answered again; undefined: the newest. */
      readonly messageId?: string | undefined
      /** The client's last message: a new one when the chat has never had its id. */
      readonly unsent?: NewMessage | undefined
    }

/** Makes a request repeatable whatever it asks: the same key in the same chat is the same request. */
export type TurnKey = {
  /** The client's. */
  readonly key: string
  /** All that is asked, so that another request under the same key is found out. */
  readonly content: string
}
