import { wallClock } from '../script.ts'

/** How late words come that say when they were said. */
export class StampReader {
  #delays: number[] = []

  /** What has just come; a word that is cut in two is not counted. */
  read(text: string): void {
    const now = wallClock()
    for (const [, stamp] of text.matchAll(/(\d{13}\.\d+) /g)) this.#delays.push(now - Number(stamp))
  }

  /** In milliseconds, since they were taken last. */
  take(): readonly number[] {
    const delays = this.#delays
    this.#delays = []
    return delays
  }
}
