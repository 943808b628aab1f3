/** Ids and names of tool calls in the form that every provider takes, where they come from another one. */

/** Ids that a listener has heard; what it made itself is told as it is. */
export class CallNames {
  readonly #heard = new Set<string>()

  /** An id of the listener's own. */
  own(id: string): string {
    this.#heard.add(id)
    return id
  }

  /** An id of somebody else: of letters that all providers take, and used only once. */
  foreign(id: string): string {
    const base = id.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(-MAX_ID_LENGTH) || 'call'
    let free = base
    for (let count = 2; this.#heard.has(free); count++) free = `${base}-${count}`
    this.#heard.add(free)
    return free
  }

  copy(): CallNames {
    const copy = new CallNames()
    for (const id of this.#heard) copy.#heard.add(id)
    return copy
  }
}

/** Leaves room for a count below the 64 letters that providers allow. */
const MAX_ID_LENGTH = 56

/** A model may call a tool by a name that no tool can have; told back as it is, the whole request would be refused. */
export const toldToolName = (name: string): string =>
  /^[A-Za-z0-9_-]{1,64}$/.test(name)
    ? name
    : name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'tool'
