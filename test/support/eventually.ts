/** What comes, and nobody promises when: on a machine that others use, a second may not be enough for anything. */
import { vi } from 'vitest'

const PATIENCE_MS = 20_000

type Options = { readonly timeout?: number; readonly interval?: number }

/** Looks until it throws no more. @throws what it threw last */
export const eventually = <T>(look: () => T | Promise<T>, options: Options = {}): Promise<T> =>
  vi.waitFor(look, { timeout: PATIENCE_MS, ...options })
