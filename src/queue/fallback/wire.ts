/** Notices over the faster way while it is available, and over the slower one to those whom nothing else reaches. Both are heard. */
import { coerceError } from '../../domain/errors.ts'
import type { Letter, Wire, WireListener } from '../neighbours.ts'
import { decodeNotice, type Notice } from '../notice.ts'
import type { Availability } from './availability.ts'
import type { Stranded } from './stranded.ts'

export type FallbackWireOptions = {
  /** Names this process. */
  readonly name: string
  readonly fast: Wire
  readonly slow: Wire
  readonly availability: Pick<Availability, 'isAvailable' | 'failed' | 'heard'>
  readonly stranded: Stranded
}

export class FallbackWire implements Wire {
  readonly #options: FallbackWireOptions
  #listener: WireListener | undefined
  #slowListens = false

  constructor(options: FallbackWireOptions) {
    this.#options = options
  }

  async send(letters: readonly Letter[]): Promise<void> {
    const { slow, availability, stranded } = this.#options
    if (!availability.isAvailable) return slow.send(letters)
    const isAnyStranded = stranded.any
    const viaFast = letters.filter(({ to }) => to === undefined || !stranded.has(to))
    const viaSlow = letters.filter(({ to }) =>
      to === undefined ? isAnyStranded : stranded.has(to),
    )
    await Promise.all([this.#sendFast(viaFast), viaSlow.length > 0 && slow.send(viaSlow)])
  }

  async #sendFast(letters: readonly Letter[]): Promise<void> {
    if (letters.length === 0) return
    const { fast, slow, availability } = this.#options
    try {
      await fast.send(letters)
    } catch (thrown) {
      availability.failed(coerceError(thrown))
      // Who hears it twice does no more than look twice.
      await slow.send(letters)
    }
  }

  listen(listener: WireListener): AsyncDisposable {
    const { name, fast, slow, availability, stranded } = this.#options
    this.#listener = listener
    const hearing = (note: (notice: Notice) => void) => {
      return (payload: string) => {
        const notice = decodeNotice(payload)
        if (notice && notice.from !== name) note(notice)
        listener.hear(payload)
      }
    }
    const ears = [
      fast.listen({
        hear: hearing((notice) => stranded.heardFast(notice)),
        changed: (listens) => availability.heard(listens),
      }),
      slow.listen({
        hear: hearing((notice) => stranded.heardSlow(notice)),
        changed: (listens) => {
          this.#slowListens = listens
          if (!availability.isAvailable) listener.changed(listens)
        },
      }),
    ]
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listener = undefined
        await Promise.all(ears.map((ear) => ear[Symbol.asyncDispose]()))
      },
    }
  }

  /** From now on it speaks on another way, and says hello there. */
  changed(): void {
    const { availability } = this.#options
    this.#listener?.changed(availability.isAvailable || this.#slowListens)
  }
}
