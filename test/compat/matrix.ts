/** Lets things happen to clients, many at a time, and says how each of them bears it. */
import { together, type Happening, type ServerHappening } from './happenings.ts'
import { VERDICTS, type Outcome, type Verdict } from './outcome.ts'
import type { Client } from './page.ts'
import type { World } from './world.ts'

export type Case = {
  readonly client: Client
  /** Head of a column. */
  readonly happening: string
  readonly at: number
}

export type Result = Case & { readonly outcome: Outcome }

const AT_A_TIME = 8
const CASE_MS = 90_000

let serial = 0
const nextKey = () => `chat-${++serial}`

/** @returns in the order of the cases */
export const playAll = async (
  world: World,
  play: Happening,
  cases: readonly Case[],
): Promise<Result[]> => {
  const results: Result[] = []
  const queue = cases.entries()
  const player = async () => {
    for (const [index, one] of queue) {
      const scene = { ...one, world, key: nextKey() }
      const named = `${nameOf(one)} in ${scene.key}`
      results[index] = { ...one, outcome: await inTime(named, play(scene)) }
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, player))
  return results
}

/** The same, and it happens once, to all of them. */
export const playTogether = async (
  world: World,
  happen: ServerHappening,
  cases: readonly Case[],
): Promise<Result[]> => {
  const scenes = cases.map((one) => ({ ...one, world, key: nextKey() }))
  const outcomes = await inTime(cases[0]!.happening, together(scenes, happen))
  return cases.map((one, index) => ({ ...one, outcome: outcomes[index]! }))
}

const inTime = async <T>(named: string, played: Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${named} does not end.`)), CASE_MS)
  try {
    return await Promise.race([played, late.promise])
  } catch (cause) {
    throw new Error(`${named} went wrong.`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

export const nameOf = ({ client, happening, at }: Case): string =>
  [client.name, client.version, happening, 'at', at].filter((word) => word !== undefined).join(' ')

export const isWorse = (a: Verdict, b: Verdict): boolean =>
  VERDICTS.indexOf(a) > VERDICTS.indexOf(b)

/** The worst that a client does when this happens. Undefined when it never did. */
export const verdictOf = (
  results: readonly Result[],
  client: Client,
  happening: string,
): Verdict | undefined =>
  results
    .filter((one) => one.client === client && one.happening === happening)
    .map(({ outcome }) => outcome.verdict)
    .reduce<Verdict | undefined>(
      (worst, verdict) => (worst === undefined || isWorse(verdict, worst) ? verdict : worst),
      undefined,
    )
