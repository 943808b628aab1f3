/** What one connection to `/follow` was asked for, and who each of its readers is. */
import type { RunFrame } from './feed.ts'

/** One who reads a run, in this tab or another. */
export type Reader = {
  readonly member: string
  readonly key: string
  readonly runId: string
  /** Of the last frame it was told. */
  offset: string
  /** On the connection that is open now. */
  group: Group | undefined
  /** It was told that nothing follows. */
  isOver: boolean
}

/** Readers that stand at the same offset get the same frames: the server sends them once. */
export type Group = { readonly runId: string; offset: string; readonly readers: Set<Reader> }

export class Carried {
  readonly chats: ReadonlySet<string>
  readonly #groups: (Group | undefined)[]
  readonly #positions: readonly string[]

  constructor(chats: Iterable<string>, readers: Iterable<Reader>) {
    this.chats = new Set(chats)
    const groups = new Map<string, Group>()
    for (const reader of readers) {
      const { runId, offset } = reader
      const position = offset === '' ? runId : `${runId}/${offset}`
      const group = groups.get(position) ?? { runId, offset, readers: new Set() }
      groups.set(position, group)
      enter(group, reader)
    }
    this.#groups = [...groups.values()]
    this.#positions = [...groups.keys()]
  }

  /** The parameters of the request. */
  get query(): { readonly chat: readonly string[]; readonly run: readonly string[] } {
    return { chat: [...this.chats], run: this.#positions }
  }

  /** Takes a reader in that stands where others stand now. @returns false where there is none */
  admit(reader: Reader): boolean {
    const group = this.#groups.find(
      (one) => one?.runId === reader.runId && one.offset === reader.offset,
    )
    if (group) enter(group, reader)
    return group !== undefined
  }

  has(reader: Reader): boolean {
    return reader.group !== undefined && this.#groups.includes(reader.group)
  }

  /** A run is sent that nobody reads. */
  get isWasteful(): boolean {
    return this.#groups.some((group) => group?.readers.size === 0)
  }

  /** @returns those who get this frame, and are now behind it */
  advance(index: number, { offset }: RunFrame): Iterable<Reader> {
    const group = this.#groups[index]
    if (!group) return []
    group.offset = offset
    for (const reader of group.readers) reader.offset = offset
    return group.readers
  }

  /** @returns those who get nothing more */
  end(index: number): Iterable<Reader> {
    const group = this.#groups[index]
    this.#groups[index] = undefined
    return group?.readers ?? []
  }
}

const enter = (group: Group, reader: Reader): void => {
  reader.group?.readers.delete(reader)
  reader.group = group
  group.readers.add(reader)
}

export const leaveGroup = (reader: Reader): void => {
  reader.group?.readers.delete(reader)
  reader.group = undefined
}
