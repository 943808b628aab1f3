/** Failures in words, each with what to do about it. */
import { APICallError } from 'ai'
import { Refusal } from './api.ts'

export type Trouble = {
  readonly text: string
  /** The label of a button that loads the chat again. */
  readonly action?: string
}

/** The question did not get through. */
export const unsent = (error: unknown): Trouble => {
  const refusal = refusalOf(error)
  if (!refusal)
    return {
      text: 'The server cannot be reached. Your text is back in the box: send it again when the server is there.',
      action: 'Reconnect',
    }
  if (isRunActive(refusal))
    return {
      text: 'This chat is busy: another tab or window has asked something. Your text is back in the box: send it when that answer has ended, or stop it first.',
      action: 'Show that answer',
    }
  if (refusal.status >= 500)
    return {
      text: `The server has trouble: ${refusal.message} Your text is back in the box: send it again in a moment.`,
    }
  return { text: `The server refused this: ${refusal.message} Your text is back in the box.` }
}

/** The stream broke off; what the run did meanwhile is not known here. */
export const disconnected = (error?: unknown): Trouble => {
  const refusal = refusalOf(error)
  return {
    text: refusal
      ? `The server has trouble: ${refusal.message}`
      : 'The connection to the server was lost. That does not stop the run: reconnect to see how far it is.',
    action: 'Reconnect',
  }
}

/** Something that was asked for did not happen. */
export const failed = (what: string, error: unknown): Trouble => {
  const reason = refusalOf(error)?.message ?? 'The server cannot be reached.'
  return { text: `${what}: ${reason}`, action: 'Reconnect' }
}

export const isRunActive = (error: unknown): boolean =>
  refusalOf(error)?.code === 'A_RUN_ALREADY_ACTIVE'

const refusalOf = (error: unknown): Refusal | undefined => {
  if (error instanceof Refusal) return error
  if (!APICallError.isInstance(error) || error.statusCode === undefined) return undefined
  return new Refusal(error.statusCode, error.responseBody ?? '')
}
