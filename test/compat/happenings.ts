/** What happens to a client in the middle of an answer, and what it ends with. */
import type { Place } from '../support/body-places.ts'
import type { Fault } from '../support/faulty-proxy.ts'
import { partsIn, textOf, type AnswerName, type Question } from './answers.ts'
import { compare, type Outcome } from './outcome.ts'
import type { Client, Page } from './page.ts'
import type { World } from './world.ts'

export type Scene = {
  readonly world: World
  readonly client: Client
  /** Of its chat, and of the gate at which its model waits. */
  readonly key: string
  /** Counts the places at which it can happen. */
  readonly at: number
}

export type Happening = (scene: Scene) => Promise<Outcome>

/** What happens to a server while everybody reads from it. */
export type ServerHappening = (world: World) => Promise<void>

/** Everything but the end of the answer has been said. */
const LAST = partsIn('everything') - 1
const LAST_WORDS = 'is all.'

/** Boundaries between frames, and some more where there are fewer frames. */
const BOUNDARIES = partsIn('everything') + 6
/** Characters that have more than one byte, and some more. */
const CHARACTERS = 10

/** Where an answer can be when something happens. */
export const PLACES = BOUNDARIES + CHARACTERS

const open = ({ client, world, key }: Scene): Promise<Page> => client.open(world, key)

const ask = (scene: Scene, page: Page, question: Partial<Question> = {}): Promise<void> =>
  page.send(textOf({ answer: 'everything', key: scene.key, ...question }))

/** What the page shows in the end. */
const ending = async ({ world, key }: Scene, page: Page): Promise<Outcome> => {
  await world.settled(key)
  return compare(page, await world.history(key))
}

/** Attaches, and lets the model go on when the server has answered: then there is no race to lose. */
const attach = async (scene: Scene, page: Page): Promise<void> => {
  const before = page.proxy.requests.length
  const attached = page.attach()
  const request = await page.proxy.until(
    (one) => one.method === 'GET' && page.proxy.requests.indexOf(one) >= before,
  )
  await request.answered
  scene.world.gate(scene.key).release()
  await attached
}

const reload = async (scene: Scene): Promise<Outcome> => {
  await using page = await open(scene)
  await attach(scene, page)
  return await ending(scene, page)
}

const SHAPES: readonly Fault[] = [{}, { split: 'bytes' }, { split: 1 }, { holdBytes: Infinity }]

/** A whole turn, in pieces of any size. */
export const plain: Happening = async (scene) => {
  await using page = await open(scene)
  page.proxy.each(SHAPES[scene.at % SHAPES.length]!)
  await ask(scene, page)
  return await ending(scene, page)
}

/** The page is closed in the middle of the answer, and opened again. */
export const reloaded: Happening = async (scene) => {
  await using page = await open(scene)
  void ask(scene, page, { hold: scene.at % (LAST + 1) })
  await scene.world.gate(scene.key).reached
  await page[Symbol.asyncDispose]()
  return await reload(scene)
}

const ENDS = ['reset', 'fin', 'clean'] as const

/** The connection breaks at a boundary of frames, inside the next frame, or inside a character. */
const cut = async (scene: Scene, page: Page): Promise<{ readonly sent: Promise<void> }> => {
  const { at } = scene
  const bytes = at % 4 < 2 ? 0 : 1 + ((at * 7) % 40)
  const place: Place = at < BOUNDARIES ? { frames: at, bytes } : { characters: 1 + at - BOUNDARIES }
  // Where there are fewer of them it breaks before the model waits.
  const happened = page.proxy.next({
    at: [place, { after: LAST_WORDS }],
    ends: ENDS[at % ENDS.length]!,
  })
  const sent = ask(scene, page, { hold: LAST })
  await happened
  return { sent }
}

/** The connection breaks; who does not come back by itself is told to. */
export const cutOff: Happening = async (scene) => {
  await using page = await open(scene)
  const { sent } = await cut(scene, page)
  if (scene.client.reconnects) scene.world.gate(scene.key).release()
  await sent
  if (!scene.client.reconnects) await attach(scene, page)
  return await ending(scene, page)
}

/** The connection breaks, and the user loads the page again. */
export const cutOffAndReloaded: Happening = async (scene) => {
  await using page = await open(scene)
  await cut(scene, page)
  await page[Symbol.asyncDispose]()
  return await reload(scene)
}

/** Somebody else stops the run. */
export const stopped: Happening = async (scene) => {
  await using page = await open(scene)
  const sent = ask(scene, page, { hold: scene.at % (LAST + 1) })
  await scene.world.gate(scene.key).reached
  await scene.world.stop(scene.key)
  await sent
  return await ending(scene, page)
}

/** The user presses stop. */
export const stops: Happening = async (scene) => {
  await using page = await open(scene)
  const sent = ask(scene, page, { hold: scene.at % (LAST + 1) })
  const gate = scene.world.gate(scene.key)
  await gate.reached
  await page.stop()
  await sent
  gate.release()
  const { run } = await scene.world.settled(scene.key)
  return run.status === 'aborted' ? await ending(scene, page) : { verdict: 'left' }
}

/** A second page is opened in the middle of the answer. */
export const twoTabs: Happening = async (scene) => {
  await using first = await open(scene)
  const sent = ask(scene, first, { hold: scene.at % (LAST + 1) })
  await scene.world.gate(scene.key).reached
  const second = await reload(scene)
  await sent
  return second.verdict === 'same' ? await ending(scene, first) : second
}

const answered =
  (answer: AnswerName): Happening =>
  async (scene) => {
    await using page = await open(scene)
    await ask(scene, page, { answer })
    return await ending(scene, page)
  }

/** The model breaks off in a step, which is made again. */
export const brokenAttempt = answered('broken')

/** A tool says what it has so far. */
export const preliminary = answered('preliminary')

/** The model calls a tool with input that does not fit. */
export const misfit = answered('misfit')

/** The provider uses the id of a call again in a later step. */
export const sameId = answered('same id')

/** Everybody is in the middle of an answer when something happens to the server. */
export const together = async (
  scenes: readonly Scene[],
  happen: ServerHappening,
): Promise<Outcome[]> => {
  const { world } = scenes[0]!
  const open = async (scene: Scene) => {
    const page = await scene.client.open(world, scene.key)
    const sent = ask(scene, page, { hold: scene.at % (LAST + 1) })
    await world.gate(scene.key).reached
    return { scene, page, sent }
  }
  const opened = await Promise.all(scenes.map(open))
  await happen(world)
  return Promise.all(
    opened.map(async ({ scene, page, sent }) => {
      await using _page = page
      page.proxy.to(world.server.url)
      if (scene.client.reconnects) world.gate(scene.key).release()
      await sent
      if (!scene.client.reconnects) await attach(scene, page)
      return await ending(scene, page)
    }),
  )
}

/** The server's process is killed, and started again. */
export const killed: ServerHappening = async ({ server }) => {
  await server.kill()
  await server.start()
}

/** The server's process is killed, and another one takes over what it was doing. */
export const takenOver: ServerHappening = async (world) => {
  const before = await world.takeTurns()
  await before.kill()
}

/** The run waits for the user, who agrees. */
export const approval: Happening = async (scene) => {
  await using page = await open(scene)
  await ask(scene, page, { answer: 'approval' })
  if (await page.approve()) return await ending(scene, page)
  return compare(page, await scene.world.history(scene.key))
}
