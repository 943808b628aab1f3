/** Which clients meet what, where in the answer, and how thoroughly. */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import * as happenings from './happenings.ts'
import type { Happening, ServerHappening } from './happenings.ts'
import { loadKit, MAIN_VERSIONS, VERSIONS } from './kits.ts'
import { playAll, playTogether, type Case, type Result } from './matrix.ts'
import { chatClient, defaultTransport, outlastTransport, type Client } from './page.ts'
import type { Published } from './published.ts'
import { curl, loadEventSource } from './readers.ts'
import type { World } from './world.ts'

/** Columns of the first table: what happens around an answer, at each place of it. */
export const AROUND: Readonly<Record<string, Happening>> = {
  'whole turn': happenings.plain,
  reload: happenings.reloaded,
  cut: happenings.cutOff,
  'cut, reload': happenings.cutOffAndReloaded,
  'second tab': happenings.twoTabs,
  'stopped elsewhere': happenings.stopped,
  'own stop': happenings.stops,
}

/** The same, for all readers of a server at once. */
export const SERVER: Readonly<Record<string, ServerHappening>> = {
  killed: happenings.killed,
  'taken over': happenings.takenOver,
}

/** Columns of the second table: what is in an answer. */
export const WITHIN: Readonly<Record<string, Happening>> = {
  'step made again': happenings.brokenAttempt,
  'preliminary output': happenings.preliminary,
  'input does not fit': happenings.misfit,
  'call id used again': happenings.sameId,
  approval: happenings.approval,
}

export type Plan = {
  /** At how many places, chosen by chance, clients meet what they do not meet everywhere. */
  readonly places: number
  /** What clients meet at every place. */
  readonly everywhere: readonly string[]
  /** Of `ai`. */
  readonly versions: readonly string[]
  readonly seed: number
}

/** What `npm test` has time for: every boundary on three versions, some on all. */
export const QUICK: Plan = { places: 2, everywhere: ['cut'], versions: MAIN_VERSIONS, seed: 1 }

export const FULL: Plan = {
  places: 12,
  everywhere: ['cut', 'cut, reload'],
  versions: VERSIONS,
  seed: 1,
}

export const loadClients = async (published: Published): Promise<Client[]> => {
  const kits = await Promise.all(VERSIONS.map(loadKit))
  const outlasts = await Promise.all(kits.map((kit) => published.clientFor(kit)))
  return [
    ...kits.map((kit) =>
      chatClient(kit, { name: 'useChat', reconnects: false, make: defaultTransport }),
    ),
    ...kits.map((kit, index) => {
      const make = outlastTransport(outlasts[index]!)
      return chatClient(kit, { name: 'OutlastChatTransport', reconnects: true, make })
    }),
    await loadEventSource(),
    curl,
  ]
}

export const playPlan = async (
  world: World,
  clients: readonly Client[],
  plan: Plan,
): Promise<Result[]> => {
  const random = xoroshiro128plus(plan.seed)
  // One in each of so many stretches of the answer.
  const stretch = happenings.PLACES / plan.places
  const chosen = () =>
    Array.from({ length: plan.places }, (_, index) => {
      const [from, to] = [Math.floor(index * stretch), Math.floor((index + 1) * stretch) - 1]
      return uniformInt(random, from, to)
    })
  const results: Result[] = []
  // Who waits for seconds before it comes back begins at once.
  const slowFirst = clients.toReversed()
  for (const [happening, play] of Object.entries(AROUND)) {
    const everywhere = plan.everywhere.includes(happening)
    const cases = slowFirst.flatMap((client) => {
      const places =
        everywhere && isThorough(client, plan) ? [...Array(happenings.PLACES).keys()] : chosen()
      return places.map((at): Case => ({ client, happening, at }))
    })
    results.push(...(await playAll(world, play, cases)))
  }
  for (const [happening, play] of Object.entries(WITHIN)) {
    const cases = clients.map((client): Case => ({ client, happening, at: 0 }))
    results.push(...(await playAll(world, play, cases)))
  }
  for (const [happening, happen] of Object.entries(SERVER)) {
    const cases = clients.flatMap((client) =>
      chosen().map((at): Case => ({ client, happening, at })),
    )
    results.push(...(await playTogether(world, happen, cases)))
  }
  return results
}

const isThorough = ({ version = '' }: Client, { versions }: Plan): boolean =>
  versions.includes(version)
