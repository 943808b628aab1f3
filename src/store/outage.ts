/** Whatever leaves the store says whether the world or we are to blame: an outage is a `StoreUnavailableError`. */
import { toStoreError } from './pg-errors.ts'

/** For a single promise: `query.execute().catch(rethrow)`. */
export const rethrow = (error: unknown): never => {
  throw toStoreError(error)
}

type Port = { readonly [method: string]: (...args: never[]) => Promise<unknown> }

/** The same port, with each rejection in our words. */
export const sayingOutage = <T extends Port>(port: T): T =>
  Object.fromEntries(
    Object.entries(port).map(([name, method]) => [
      name,
      (...args: never[]) => method(...args).catch(rethrow),
    ]),
  ) as T
