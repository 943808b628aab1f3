/** Two ways between processes as one: the faster one while it can be used, the slower one otherwise. Slower, and never wrong. */
import type { Wire } from '../neighbours.ts'
import type { TailStore } from '../shared.ts'
import { Availability } from './availability.ts'
import { Stranded } from './stranded.ts'
import { FallbackTails } from './tails.ts'
import { FallbackWire } from './wire.ts'

export type Way = { readonly tails: TailStore; readonly wire: Wire }

export type FastWay = Way &
  AsyncDisposable & {
    /**
     * Whether it takes what is written to it; false while there is no connection.
     * @throws OutlastError that says why it does not
     */
    probe(): Promise<boolean>
  }

export type FallbackOptions = {
  /** Names this process. */
  readonly name: string
  /** @param onError - hears when its connections break, or cannot be made */
  readonly openFast: (onError: (error: Error) => void) => FastWay
  readonly slow: Way
  /** Told once an outage of the faster way. */
  readonly onError: (error: Error) => void
  readonly onChange: (isAvailable: boolean) => void
}

export type Fallback = Way & AsyncDisposable & { readonly isAvailable: boolean }

export const createFallback = (options: FallbackOptions): Fallback => {
  const { name, slow, onError } = options
  const stranded = new Stranded()
  const availability: Availability = new Availability({
    probe: () => fast.probe(),
    onError,
    onChange: (isAvailable) => {
      wire.changed()
      options.onChange(isAvailable)
    },
  })
  const fast = options.openFast((error) => availability.failed(error))
  const wire = new FallbackWire({ name, fast: fast.wire, slow: slow.wire, availability, stranded })
  return {
    wire,
    tails: new FallbackTails({ fast: fast.tails, slow: slow.tails, availability, stranded }),
    get isAvailable() {
      return availability.isAvailable
    },
    async [Symbol.asyncDispose]() {
      availability[Symbol.dispose]()
      await fast[Symbol.asyncDispose]()
    },
  }
}
