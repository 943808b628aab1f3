/** Leaving and coming back: whatever happens to the tab, the network or the server, the text goes on where it was. */
import { expect, test } from 'vitest'
import { expectAccessible } from './accessible.ts'
import { answers, ask, atRest, keepPicture, tells, useFollowing, type Tab } from './following.ts'
import { expectSeamless, notesOf, titlesOf } from './moments.ts'

const following = useFollowing({ servers: async () => [{}] })

const WHOLE = 'The first half and the rest.'
const PATIENCE = { timeout: 20_000 }

/** A tab that shows the first half of an answer. */
const asked = async (): Promise<Tab> => {
  const tab = await following.open()
  await ask(tab, 'Tell me')
  await answers(tab, 'The first half')
  return tab
}

const ends = async (...tabs: Tab[]) => {
  for (const tab of tabs) {
    await answers(tab, WHOLE)
    await atRest(tab)
    await expectSeamless(tab.page, await following.stored())
  }
}

test('an answer is followed to its end without a word about connections, and the title says how it is', async () => {
  const [gate] = following.halves(1)
  const tab = await asked()
  await expect.poll(() => tab.page.title(), PATIENCE).toBe('▸ Tell me – Outlast')
  gate!.release()
  await ends(tab)
  await expect.poll(() => tab.page.title(), PATIENCE).toBe('Tell me – Outlast')
  expect((await notesOf(tab.page)).join()).not.toMatch(/onnect|worker|offline/)
})

test('a reload in the middle of an answer goes on in it', async () => {
  const [gate] = following.halves(1)
  const tab = await asked()
  await tab.page.reload()
  await answers(tab, 'The first half')
  gate!.release()
  await ends(tab)
})

test('a tab that was closed in the middle of an answer shows all of it when the chat is opened again', async () => {
  const [gate] = following.halves(1)
  const tab = await asked()
  await tab.page.close()
  gate!.release()
  await ends(await following.open())
})

test('a second tab shows the answer as it comes', async () => {
  const [gate] = following.halves(1)
  const tab = await asked()
  const second = await following.open()
  await answers(second, 'The first half')
  gate!.release()
  await ends(tab, second)
})

test('a device without a network says so calmly, and goes on when it is back', async () => {
  const [gate] = following.halves(1)
  const tab = await asked()
  tab.complaints.expect(/ERR_/)
  await tab.page.context().setOffline(true)
  following.network.down()
  await tells(tab, 'You are offline. Your runs go on without this page.')
  await keepPicture(tab.page, 'offline')
  await expectAccessible(tab.page)
  await answers(tab, 'The first half')
  gate!.release()
  following.network.up()
  await tab.page.context().setOffline(false)
  await tells(tab, 'Connected again.')
  await ends(tab)
})

test('a server that is killed and comes back goes on with the answer, and the page says who did', async () => {
  const gates = following.halves(2)
  const [server] = following.servers
  const tab = await asked()
  tab.complaints.expect(/ERR_|502/)
  await server!.kill()
  await tells(tab, 'Reconnecting …')
  await tells(tab, 'it may be restarting')
  await keepPicture(tab.page, 'server away')
  await server!.start()
  await tells(tab, 'Connected again.')
  await gates[1]!.reached
  await tells(tab, 'Continued by another worker: the one before was lost.')
  await keepPicture(tab.page, 'continued')
  await expectAccessible(tab.page)
  gates[1]!.release()
  await ends(tab)
  const again = await following.open()
  await tells(again, 'Continued by another worker: the one before was lost.')
  await ends(again)
  await expect.poll(() => titlesOf(tab.page)).toContain('▸ Tell me – Outlast')
})
