/** Reads files as UTF-8 text, at most so many bytes of each, and never holds a handle longer than the read. */
import type { FileHandle } from 'node:fs/promises'
import type { Folder, Place } from './folder.ts'

export type FileText = { isBinary: boolean; text: string; size: number; isCut: boolean }

/** The first `limit` bytes of a file, cut between two characters. */
export const readText = async (folder: Folder, place: Place, limit: number): Promise<FileText> => {
  const { handle, size } = await folder.open(place)
  try {
    const bytes = await readUpTo(handle, limit + 1)
    const isCut = bytes.length > limit
    if (bytes.includes(0)) return { isBinary: true, text: '', size, isCut }
    // `stream` keeps an unfinished character at the end out of the text.
    const text = new TextDecoder().decode(bytes.subarray(0, limit), { stream: isCut })
    return { isBinary: false, text, size, isCut }
  } finally {
    await handle.close()
  }
}

export type FileCount = {
  isBinary: boolean
  lines: number
  words: number
  characters: number
  size: number
  isCut: boolean
}

/** Counts in pieces, so that a large file needs no large memory. */
export const countText = async (
  folder: Folder,
  place: Place,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<FileCount> => {
  const { handle, size } = await folder.open(place)
  try {
    const count = { isBinary: false, lines: 0, words: 0, characters: 0, size, isCut: false }
    const decoder = new TextDecoder()
    const buffer = new Uint8Array(64 * 1024)
    let position = 0
    let last = '\n'
    while (true) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null)
      const piece = buffer.subarray(0, bytesRead)
      if (piece.includes(0)) return { ...count, isBinary: true }
      for (const character of decoder.decode(piece, { stream: bytesRead > 0 })) {
        count.characters += 1
        if (character === '\n') count.lines += 1
        if (isSpace(last) && !isSpace(character)) count.words += 1
        last = character
      }
      position += bytesRead
      if (bytesRead === 0) break
      if (position >= limit) return { ...count, isCut: size > position }
    }
    return { ...count, lines: last === '\n' ? count.lines : count.lines + 1 }
  } finally {
    await handle.close()
  }
}

const isSpace = (character: string): boolean => /\s/u.test(character)

const readUpTo = async (handle: FileHandle, limit: number): Promise<Uint8Array> => {
  const buffer = new Uint8Array(limit)
  let length = 0
  while (length < limit) {
    const { bytesRead } = await handle.read(buffer, length, limit - length, null)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}
