/** What the model of the bench says: the request carries the script, so both servers answer from the same words. */

export type Script = {
  /** Model calls of a run; all but the last ask for a tool. */
  readonly steps: number
  /** Text deltas of each model call. */
  readonly deltas: number
  /** Time between two of them; 0: as fast as they are taken. */
  readonly everyMs: number
  /** After so many deltas the model says nothing until it is released. */
  readonly holdAfter?: number
  /** Each delta is the time at which it was said. */
  readonly stamped?: boolean
}

/** So many users have the chats of the bench in turns. */
export const USERS = 100

/** The header that names the user by a number; the first one unless it is there. */
export const USER_HEADER = 'x-bench-user'

/** Deltas of the size that providers send. */
const WORDS = 'the quick answer of a model that is read while it grows word by word, '.split(
  /(?<= )/,
)

export const deltaOf = ({ stamped }: Script, index: number): string =>
  stamped ? `${wallClock()} ` : WORDS[index % WORDS.length]!

/** Milliseconds that mean the same in each process of a machine. */
export const wallClock = (): number => performance.timeOrigin + performance.now()

/** The request of an unmodified `useChat` that begins a new chat with the script. */
export const requestOf = (chatId: string, script: Script): string =>
  JSON.stringify({
    id: chatId,
    messages: [
      {
        id: `${chatId}-m1`,
        role: 'user',
        parts: [{ type: 'text', text: JSON.stringify(script) }],
      },
    ],
    trigger: 'submit-message',
  })
