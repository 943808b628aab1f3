/** Finds a place in the body of an answer, whatever the pieces that it arrives in. */

/**
 * - `{ frames: 3, bytes: 8 }`: 8 bytes after the third message of an event stream. Comments are no messages.
 *   `{ frames: 0 }` is the place between the headers and the body.
 * - `{ characters: 2 }`: inside the second character that has more than one byte, after its first one.
 * - `{ after: 'word' }`: after the first message that has this word.
 */
export type Place =
  | { readonly frames?: number; readonly bytes?: number }
  | { readonly characters: number }
  | { readonly after: string }

const NEWLINE = 10

export class PlaceFinder {
  readonly #place: Place
  #frames = 0
  #bytesSince = 0
  #characters = 0
  #hasSaid = false
  #frame: number[] = []
  #lineLength = 0

  constructor(place: Place) {
    this.#place = place
  }

  /** @returns where in this piece the place is; undefined when it is not in it */
  find(piece: Uint8Array): number | undefined {
    for (let index = 0; index <= piece.length; index++) {
      if (this.#isHere()) return index
      if (index < piece.length) this.#take(piece[index]!)
    }
    return undefined
  }

  #isHere(): boolean {
    const place = this.#place
    if ('after' in place) return this.#hasSaid
    if ('characters' in place) return this.#characters === place.characters
    const { frames = 0, bytes = 0 } = place
    return this.#frames >= frames && this.#bytesSince >= bytes
  }

  #take(byte: number): void {
    const { frames = 0 } = this.#place as { readonly frames?: number }
    if (this.#frames >= frames) this.#bytesSince++
    if (byte >= 0xc0) this.#characters++
    this.#frame.push(byte)
    if (byte !== NEWLINE) this.#lineLength++
    else if (this.#lineLength > 0) this.#lineLength = 0
    else this.#endFrame()
  }

  #endFrame(): void {
    const text = Buffer.from(this.#frame).toString()
    this.#frame = []
    if (!/^data:/m.test(text)) return
    this.#frames++
    if ('after' in this.#place && text.includes(this.#place.after)) this.#hasSaid = true
  }
}
