/** Reads the bytes of a body, never more of them than its limit. */
import { InvalidRequestError, TooLargeError, UnsupportedMediaTypeError } from '../domain/errors.ts'

/** Nobody here unpacks anything: a file would be kept packed under the type of its content. */
export const checkEncoding = (request: Request): void => {
  const encoding = request.headers.get('content-encoding') ?? ''
  if (!/^(identity)?$/i.test(encoding))
    throw new UnsupportedMediaTypeError(
      'A body is sent as it is, without a content-encoding such as gzip.',
    )
}

/**
 * @param sentence - what the caller is told beyond the limit
 * @throws UnsupportedMediaTypeError, TooLargeError, InvalidRequestError
 */
export const readBytes = async (
  request: Request,
  most: number,
  sentence: string,
): Promise<Uint8Array> => {
  checkEncoding(request)
  try {
    return await read(request, most, sentence)
  } catch (error) {
    if (error instanceof TooLargeError) throw error
    throw new InvalidRequestError('The body broke off before its end.', { cause: error })
  }
}

const read = async (request: Request, most: number, sentence: string): Promise<Uint8Array> => {
  const length = request.headers.get('content-length')
  if (length !== null) {
    if (Number(length) > most) throw new TooLargeError(sentence)
    // The HTTP parser takes no more than the announced length, so the whole body may be read at once.
    return new Uint8Array(await request.arrayBuffer())
  }
  const pieces: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the body.
  for await (const piece of request.body ?? []) {
    size += piece.byteLength
    if (size > most) throw new TooLargeError(sentence)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
