/** One run and one reader, through a process that is killed again and again, whenever the reader has got a little more. */
import { expect, it } from 'vitest'
import { finish, text, toolCall } from '../support/fake-provider.ts'
import { messageParts } from '../support/engine.ts'
import { settledRun, Tab } from '../support/run-client.ts'
import { startWorld, type Conversation } from './fixtures/world.ts'

const asks = (...names: readonly string[]) => [
  text(`I do ${names.join(' and ')} now. `, 2),
  ...names.map((name, index) =>
    toolCall({ id: `call-${name}`, name: 'act', arguments: { name }, index }),
  ),
  finish('tool_calls'),
]

const CONVERSATION: Conversation = [
  [asks('this')],
  [asks('that', 'those')],
  [asks('the rest')],
  [[text('It is all done, and nothing was done twice.', 2), finish()]],
]

/** Frames after which the process is killed; where the run is by then is up to the two processes. */
const KILLS = [2, 9, 17, 30]

it('a run that is killed again and again goes on, does nothing twice and shows all of it', async () => {
  await using world = await startWorld('the embedded database')
  const { server } = world
  world.teach({ go: CONVERSATION })
  const tab = new Tab('again')
  await tab.ask(server.url, 'go')
  let kills = 0
  for (const frames of KILLS) {
    await tab.reaches(frames)
    if (tab.ended === 'done') break
    await server.kill()
    kills += 1
    await tab.closed()
    await server.start()
    await tab.reconnect(server.url)
  }
  const { run, message } = await settledRun(server.url, 'again')
  expect(await tab.closed()).toBe('done')
  expect(run).toMatchObject({ status: 'succeeded', stepCount: CONVERSATION.length })
  expect(await messageParts(tab.chunks)).toEqual(message.parts)
  const effects = (await world.effects()).map(({ name }) => name)
  expect(effects.toSorted()).toEqual([...new Set(effects)].toSorted())
  expect(world.calls('go').length).toBeLessThanOrEqual(CONVERSATION.length + kills)
}, 60_000)
