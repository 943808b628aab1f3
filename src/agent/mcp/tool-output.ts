/** What an MCP server answered to a call: for people as it came, for models in parts that every provider takes. */
import { detectMediaType, type ToolResultOutput } from '@ai-sdk/provider-utils'
import type { JSONValue } from '@ai-sdk/provider'
import { ToolFailedError } from '../../domain/errors.ts'
import { base64Bytes, INLINE_FILE_BYTES } from '../../domain/file.ts'

type Part = { readonly type: string; readonly [key: string]: unknown }

type Answer = {
  readonly content?: readonly Part[]
  readonly structuredContent?: unknown
  readonly isError?: boolean
  readonly toolResult?: unknown
}

/** JSON does not see it: the bytes of large files are for the model, and kept beside the answer. */
const WHOLE = Symbol('outlast.mcp-answer')

/** The output of the tool. @throws ToolFailedError when the server says that the call failed */
export const outputOf = (result: object, toolName: string): object => {
  const answer = result as Answer
  const { content = [], structuredContent, isError, toolResult } = answer
  if (isError === true) {
    const text = content.map(textOf).join('\n').trim()
    throw new ToolFailedError(text || `The tool "${toolName}" failed without a reason.`)
  }
  return {
    content: content.map(withoutLargeFile),
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(toolResult === undefined ? {} : { toolResult }),
    [WHOLE]: answer,
  }
}

/** For the tool's `toModelOutput`. */
export const modelOutputOf = (output: object): ToolResultOutput => {
  const {
    content = [],
    structuredContent,
    toolResult,
  } = (output as { [WHOLE]?: Answer })[WHOLE] ?? (output as Answer)
  const value = structuredContent ?? toolResult
  if (content.length === 0 && value !== undefined)
    return { type: 'json', value: value as JSONValue }
  const parts = content.map(modelPart)
  const isText = parts.every((part) => part.type === 'text')
  if (!isText) return { type: 'content', value: parts }
  return { type: 'text', value: parts.map(({ text }) => text).join('\n') || '(no output)' }
}

type ModelPart = Extract<ToolResultOutput, { type: 'content' }>['value'][number] &
  ({ type: 'text' } | { type: 'file' })

const modelPart = (part: Part): ModelPart => {
  const file = fileOf(part)
  const mediaType = file && imageType(file.data)
  return mediaType
    ? { type: 'file', mediaType, data: { type: 'data', data: file.data } }
    : { type: 'text', text: textOf(part) }
}

type File = { readonly data: string; readonly mimeType: string }

const fileOf = (part: Part): File | undefined => {
  const { data, mimeType } = resourceOf(part) ?? part
  if (typeof data !== 'string') return undefined
  return { data, mimeType: typeof mimeType === 'string' ? mimeType : 'application/octet-stream' }
}

const resourceOf = ({ type, resource }: Part): Record<string, unknown> | undefined => {
  if (type !== 'resource') return undefined
  const { blob, ...rest } = (resource ?? {}) as Record<string, unknown>
  return { ...rest, data: blob }
}

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** What it is by its bytes: a provider that finds something else refuses the request, and every one after it. */
const imageType = (data: string): string | undefined => {
  if (data.length % 4 !== 0 || !BASE64.test(data)) return undefined
  const found = detectMediaType({ data, topLevelType: 'image' })
  return found !== undefined && IMAGES.includes(found) ? found : undefined
}

/** A part in words; of a file only that it is there. */
const textOf = (part: Part): string => {
  if (part.type === 'text') return String(part['text'])
  const file = fileOf(part)
  if (file) return note(file)
  const text = resourceOf(part)?.['text']
  return typeof text === 'string' ? text : JSON.stringify(part)
}

const note = ({ data, mimeType }: File): string =>
  `[A file of ${base64Bytes(data)} bytes, ${mimeType}, which is not shown.]`

const withoutLargeFile = (part: Part): Part => {
  const file = fileOf(part)
  const isLarge = file && base64Bytes(file.data) > INLINE_FILE_BYTES
  return isLarge ? { type: 'text', text: note(file) } : part
}
