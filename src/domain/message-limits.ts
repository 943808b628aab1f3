/** What a message of a user may hold. */
import { InvalidRequestError, TooLargeError } from './errors.ts'
import { base64Bytes, dataUrlContent, fileIdOf } from './file.ts'
import { limitSentence, type Limits } from './limits.ts'
import type { MessagePart } from './message.ts'

/** @throws InvalidRequestError, and TooLargeError for a file */
export const checkMessage = (parts: readonly MessagePart[], limits: Limits): void => {
  if (parts.length > limits.messageParts)
    throw new InvalidRequestError(limitSentence('messageParts', limits.messageParts))
  const files = parts.filter(({ type }) => type === 'file')
  if (files.length > limits.messageFiles)
    throw new InvalidRequestError(limitSentence('messageFiles', limits.messageFiles))
  if (parts.some(({ text }) => typeof text === 'string' && text.length > limits.textChars))
    throw new InvalidRequestError(limitSentence('textChars', limits.textChars))
  if (files.some(({ url }) => bytesIn(url) > limits.fileBytes))
    throw new TooLargeError(limitSentence('fileBytes', limits.fileBytes))
}

/** A kept file was measured when it was uploaded. */
const bytesIn = (url: unknown): number =>
  typeof url !== 'string' || fileIdOf(url) ? 0 : base64Bytes(dataUrlContent(url))
