/** Gives each tool call of a step an id of its own, also where a provider gives several calls the same one, or none. */
import { cleanText } from '../../domain/text.ts'

export class CallIds {
  readonly #used = new Set<string>()
  /** Calls that have begun and are not complete, oldest first, and the last one of all, by the provider's id. */
  readonly #open = new Map<string, string[]>()
  readonly #last = new Map<string, string>()

  /** A call begins. @returns its id; the provider's own where that is free */
  begin(given: string): string {
    const base = cleanText(given) || 'call'
    let id = base
    for (let count = 2; this.#used.has(id); count++) id = `${base}-${count}`
    this.#used.add(id)
    this.#last.set(given, id)
    this.#open.set(given, [...(this.#open.get(given) ?? []), id])
    return id
  }

  /** The call whose input grows: of several open ones the newest. */
  growing(given: string): string | undefined {
    return this.#open.get(given)?.at(-1)
  }

  /** A call is complete, with or without having begun: of several open ones the oldest. */
  complete(given: string): string {
    if (!this.#open.get(given)?.length) this.begin(given)
    return this.#open.get(given)?.shift() ?? given
  }

  /** The call that a provider's own result belongs to. */
  latest(given: string): string {
    return this.#last.get(given) ?? given
  }
}
