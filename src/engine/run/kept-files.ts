/** Large files stand beside journal and messages: kept before anything names them, and given back to whoever needs their bytes. */
import type { FilePart as FileInMessage, ModelMessage, ToolModelMessage } from 'ai'
import {
  base64Bytes,
  fileIdOf,
  fileUrl,
  INLINE_FILE_BYTES,
  type NewFile,
} from '../../domain/file.ts'
import type { FilePart } from '../../domain/step.ts'
import { cleanText } from '../../domain/text.ts'
import type { Execution } from './execution.ts'
import { filePart, type ModelPartOf } from '../prompt/model-parts.ts'

/**
 * What the journal has of a file that the model made.
 *
 * @returns undefined when it is larger than files may be
 */
export const keepModelFile = async (
  execution: Execution,
  part: ModelPartOf<'file' | 'reasoning-file'>,
  until: AbortSignal,
): Promise<FilePart | undefined> => {
  const whole = filePart(part)
  const { base64: content, mediaType } = part.file
  const size = base64Bytes(content)
  if (size <= INLINE_FILE_BYTES) return whole
  if (size > execution.limits.fileBytes) return undefined
  const { data: _large, ...rest } = whole
  return { ...rest, url: await keep(execution, { mediaType, content }, until) }
}

type ToolOutput = ToolModelMessage['content'][number] & { type: 'tool-result' }
type Content = Extract<ToolOutput['output'], { type: 'content' }>
type ContentPart = Content['value'][number]

const isContent = (output: unknown): output is Content =>
  typeof output === 'object' && output !== null && 'type' in output && output.type === 'content'

/** What the model is told of a tool's output, with its large files kept. */
export const keepToolFiles = async (execution: Execution, output: unknown): Promise<unknown> => {
  if (!isContent(output)) return output
  const value: ContentPart[] = []
  for (const part of output.value) value.push(await keepContentPart(execution, part))
  return { ...output, value }
}

const keepContentPart = async (execution: Execution, part: ContentPart): Promise<ContentPart> => {
  const { limits, signal } = execution
  const file = fileOf(part)
  const size = file ? base64Bytes(file.content) : 0
  if (!file || size <= INLINE_FILE_BYTES) return part
  if (size > limits.fileBytes) {
    const text = `[Cut: a file of ${size} bytes, ${file.mediaType}; files have at most ${limits.fileBytes}.]`
    return { type: 'text', text }
  }
  const { mediaType, filename } = file
  const url = await keep(execution, file, signal)
  return {
    type: 'file',
    mediaType,
    ...(filename === undefined ? {} : { filename }),
    // Its form for a reference; who makes the request puts the bytes in its place.
    data: { type: 'url', url: url as unknown as URL },
    ...(part.providerOptions ? { providerOptions: part.providerOptions } : {}),
  }
}

/** The file in a part of a tool's output, in the SDK's present form and its former ones. */
const fileOf = (part: ContentPart): (NewFile & { readonly content: string }) | undefined => {
  switch (part.type) {
    case 'file':
      if (part.data.type !== 'data' || typeof part.data.data !== 'string') return undefined
      return { mediaType: part.mediaType, filename: part.filename, content: part.data.data }
    case 'file-data':
      return { mediaType: part.mediaType, filename: part.filename, content: part.data }
    case 'image-data':
      return { mediaType: part.mediaType, content: part.data }
    default:
      return undefined
  }
}

const keep = async (execution: Execution, file: NewFile, until: AbortSignal): Promise<string> => {
  const { files, lease, durably } = execution
  const { mediaType, filename, content } = file
  const clean = {
    content,
    mediaType: cleanText(mediaType),
    filename: filename === undefined ? undefined : cleanText(filename),
  }
  const { id } = await durably(() => files.keep(lease, clean), until)
  return fileUrl(id)
}

/** The messages with the bytes of the files that they name: only those of the run's owner. */
export const withFiles = async (
  execution: Execution,
  messages: readonly ModelMessage[],
): Promise<readonly ModelMessage[]> => {
  if (!messages.some(namesFile)) return messages
  const { files, run, durably } = execution
  const owner = { workspaceId: run.workspaceId, userId: run.createdBy }
  const loaded = new Map<string, Promise<string | undefined>>()
  const load = (id: string) => {
    const bytes = loaded.get(id) ?? durably(() => files.base64(owner, id))
    loaded.set(id, bytes)
    return bytes
  }
  const resolved: ModelMessage[] = []
  for (const message of messages)
    resolved.push(namesFile(message) ? await resolveMessage(message, load) : message)
  return resolved
}

type Load = (id: string) => Promise<string | undefined>
type Named = { readonly data: FileInMessage['data']; readonly filename?: string }

const namedId = ({ data }: Named): string | undefined => {
  if (typeof data === 'string') return fileIdOf(data)
  if (typeof data !== 'object' || !('type' in data) || data.type !== 'url') return undefined
  return fileIdOf(String(data.url))
}

const isNamed = (part: { readonly type: string }): boolean =>
  (part.type === 'file' || part.type === 'reasoning-file') && namedId(part as never) !== undefined

type Result = ToolModelMessage['content'][number]

const resultNamesFile = (part: Result): boolean =>
  part.type === 'tool-result' && part.output.type === 'content' && part.output.value.some(isNamed)

const namesFile = ({ role, content }: ModelMessage): boolean => {
  if (role === 'system' || typeof content === 'string') return false
  return role === 'tool' ? content.some(resultNamesFile) : content.some(isNamed)
}

const resolveMessage = async (message: ModelMessage, load: Load): Promise<ModelMessage> => {
  const { content } = message
  const parts = content as readonly { type: string }[]
  const resolve = message.role === 'tool' ? resolveResult : resolvePart
  const resolved: unknown[] = []
  for (const part of parts) resolved.push(await resolve(part as never, load))
  return { ...message, content: resolved } as ModelMessage
}

const resolveResult = async (part: Result, load: Load): Promise<Result> => {
  if (part.type !== 'tool-result' || part.output.type !== 'content') return part
  const value: ContentPart[] = []
  for (const one of part.output.value) value.push(await resolvePart(one, load))
  return { ...part, output: { ...part.output, value } }
}

/** A file that is gone does not end the chat: the model is told. */
const resolvePart = async <Part extends { readonly type: string }>(
  part: Part,
  load: Load,
): Promise<Part> => {
  if (!isNamed(part)) return part
  const { filename = 'without a name', ...named } = part as unknown as Named
  const content = await load(namedId(named)!)
  if (content !== undefined) return { ...part, data: { type: 'data', data: content } }
  return { type: 'text', text: `[The file ${filename} is not there any more.]` } as unknown as Part
}
