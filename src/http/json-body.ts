/** Reads a JSON body, never more of it than its limit. */
import { InvalidRequestError, TooLargeError, UnsupportedMediaTypeError } from '../domain/errors.ts'
import { checkEncoding } from './body-bytes.ts'

export const isJson = (request: Request): boolean =>
  /^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')

/** @throws UnsupportedMediaTypeError, TooLargeError, InvalidRequestError also for what is nested too deeply */
export const readJson = async (request: Request, maxBytes: number): Promise<unknown> => {
  if (!isJson(request))
    throw new UnsupportedMediaTypeError('This route takes application/json and nothing else.')
  checkEncoding(request)
  const text = await readText(request, maxBytes).catch((error: unknown) => {
    if (error instanceof TooLargeError) throw error
    throw new InvalidRequestError('The body broke off before its end.', { cause: error })
  })
  const value = parseJson(text)
  if (isDeeper(value, MAX_LEVELS))
    throw new InvalidRequestError(
      `The body is nested too deeply: it has at most ${MAX_LEVELS} levels.`,
    )
  return value
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InvalidRequestError('The body is not JSON.', { cause: error })
  }
}

/** Everything that goes through data level by level, `JSON.stringify` to begin with, ends with the stack. */
const MAX_LEVELS = 500

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1)))

const readText = async (request: Request, maxBytes: number): Promise<string> => {
  const length = request.headers.get('content-length')
  // The HTTP parser takes no more than the announced length, so the whole body may be read at once.
  if (length !== null) return Number(length) > maxBytes ? tooLarge(maxBytes) : request.text()
  if (request.body === null) return ''
  const decoder = new TextDecoder()
  const reader = request.body.getReader()
  let text = ''
  let bytes = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      bytes += value.byteLength
      if (bytes > maxBytes) tooLarge(maxBytes)
      text += decoder.decode(value, { stream: true })
    }
  } finally {
    await reader.cancel()
  }
}

const tooLarge = (maxBytes: number): never => {
  throw new TooLargeError(`The body of a request has at most ${maxBytes} bytes.`)
}
