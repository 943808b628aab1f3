/** Files as users bring and fetch them. */
import { InvalidRequestError, TooLargeError } from '../../domain/errors.ts'
import { fileUrl, type FileRecord, type NewFile } from '../../domain/file.ts'
import { limitSentence, type Limits } from '../../domain/limits.ts'
import type { Principal } from '../../domain/run.ts'
import { cleanText } from '../../domain/text.ts'
import type { FilesApi, UploadedFile } from '../api.ts'
import type { Files } from '../ports.ts'

/** What is read, and held in memory, at a time. */
const WINDOW_BYTES = 256 * 1024

export class FileShelf implements FilesApi {
  readonly #files: Files
  readonly #limits: Limits

  constructor(files: Files, limits: Limits) {
    this.#files = files
    this.#limits = limits
  }

  async upload(
    owner: Principal,
    { content, mediaType, filename }: NewFile & { readonly content: Uint8Array },
  ): Promise<UploadedFile> {
    const { fileBytes, ownerBytes } = this.#limits
    if (content.byteLength === 0) throw new InvalidRequestError('The file is empty.')
    if (content.byteLength > fileBytes)
      throw new TooLargeError(limitSentence('fileBytes', fileBytes))
    const clean = filename === undefined ? undefined : cleanText(filename)
    const file = await this.#files.upload(
      owner,
      { content, mediaType: cleanText(mediaType), filename: clean },
      ownerBytes,
    )
    const { id, size } = file
    return { url: fileUrl(id), mediaType: file.mediaType, filename: file.filename, size }
  }

  find(owner: Principal, id: string): Promise<FileRecord | undefined> {
    return this.#files.find(owner, id)
  }

  async *read(
    owner: Principal,
    id: string,
    { start, end }: { start: number; end: number },
  ): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end;) {
      const next = Math.min((Math.floor(at / WINDOW_BYTES) + 1) * WINDOW_BYTES, end)
      const bytes = await this.#files.read(owner, id, at, next)
      if (!bytes) throw new InvalidRequestError('The file was deleted while it was read.')
      yield bytes
      at = next
    }
  }
}
