/** One tab in a real browser: whatever breaks, it shows what the database has, once, and says honestly how things are. */
import { expect, test } from 'vitest'
import { barrier, createBarrier, finish, status, text } from '../../support/fake-provider.ts'
import type { ProxiedRequest } from '../../support/faulty-proxy.ts'
import { expectSeamless, useApplication, type Tab } from './tabs.ts'

const application = useApplication()

/** The next answer stops in its middle. */
const halfway = () => {
  const gate = createBarrier()
  application.provider.script([
    [text('The first half'), barrier(gate), text(' and the rest.'), finish()],
  ])
  return gate
}

const isFeed = ({ path }: ProxiedRequest) => path.startsWith('/ai-chat/follow')

/** Waits until the tab reads its answer on the feed: an answer that lasts moves there. */
const untilMoved = () =>
  application.network.until((request) => isFeed(request) && request.path.includes('run='))

/** A tab that shows the first half of an answer. */
const asked = async (): Promise<Tab> => {
  const tab = await application.open()
  await tab.isNow('ready connected')
  await tab.ask('Hello')
  await tab.shows('Hello', 'The first half')
  return tab
}

/** What is open between the page and its server. */
const openPaths = () =>
  application.network.requests.filter(({ isOpen }) => isOpen).map(({ path }) => path.split('?')[0])

const sequence = async (tab: Tab): Promise<string> => (await tab.states()).join(' > ')

test('an answer is asked for, streams and ends, without a word about connections in between', async () => {
  const gate = halfway()
  const tab = await asked()
  gate.release()
  await tab.runIs('succeeded')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
  expect(await sequence(tab)).toMatch(
    /ready connected > submitted connected > streaming connected > ready connected$/,
  )
})

test('a reload in the middle of an answer goes on in it', async () => {
  const gate = halfway()
  const tab = await asked()
  await tab.page.reload()
  await tab.shows('Hello', 'The first half')
  gate.release()
  await tab.runIs('succeeded')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
  // The answer may be over before the feed is there.
  expect(await sequence(tab)).toMatch(
    /^ready idle > ready connecting( > ready connected)? > submitted connected > streaming connected( > (streaming|ready) connecting)* > ready connected$/,
  )
})

test('a device without a network says so, and goes on in the answer when it is back', async () => {
  const gate = halfway()
  const tab = await asked()
  tab.complaints.expect(/ERR_/)
  await tab.page.context().setOffline(true)
  application.network.down()
  await tab.isNow('streaming offline')
  gate.release()
  await tab.page.context().setOffline(false)
  await tab.isNow('streaming reconnecting')
  application.network.up()
  await tab.runIs('succeeded')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
  expect(await sequence(tab)).toMatch(
    /> streaming connected( > streaming reconnecting)? > streaming offline > streaming reconnecting( > streaming connected)?( > ready reconnecting)? > ready connected$/,
  )
})

test.each([
  ['at once', false],
  ['on the feed', true],
])(
  'a server that is killed and comes back finishes the answer that is read %s',
  async (_, isMoved) => {
    const { provider, server } = application
    const gates = [createBarrier(), createBarrier()]
    provider.script(
      gates.map((gate) => [
        text('The first half'),
        barrier(gate),
        text(' and the rest.'),
        finish(),
      ]),
    )
    const tab = await asked()
    if (isMoved) await untilMoved()
    tab.complaints.expect(/ERR_|502/)
    await server.kill()
    await tab.isNow('streaming reconnecting')
    await server.start()
    await gates[1]!.reached
    await tab.isNow('streaming connected')
    gates[1]!.release()
    await tab.runIs('succeeded')
    await tab.isNow('ready connected')
    await expectSeamless(tab, application)
    expect(await sequence(tab)).toMatch(
      /> streaming connected > streaming reconnecting > streaming connected > ready connected$/,
    )
  },
)

test('a page that comes out of the back-forward cache goes on where it was', async () => {
  const gate = halfway()
  const tab = await asked()
  await untilMoved()
  await tab.page.goto(`${application.network.url}/elsewhere`)
  await tab.page.goBack({ waitUntil: 'commit' })
  await expect.poll(() => tab.page.evaluate('restored')).toBe(1)
  await tab.isNow('streaming connected')
  gate.release()
  await tab.runIs('succeeded')
  await expectSeamless(tab, application)
})

test('an answer that ended while the page was in the back-forward cache is there', async () => {
  const gate = halfway()
  const tab = await asked()
  await tab.page.goto(`${application.network.url}/elsewhere`)
  gate.release()
  await application.settled(tab.chatId)
  await tab.page.goBack({ waitUntil: 'commit' })
  await expect.poll(() => tab.page.evaluate('restored')).toBe(1)
  await tab.runIs('succeeded')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
})

test('a chat that is unmounted and mounted again reads on', async () => {
  const gate = halfway()
  const tab = await asked()
  await tab.press('Leave')
  await tab.press('Come back')
  await tab.shows('Hello', 'The first half')
  await tab.isNow('streaming connected')
  gate.release()
  await tab.runIs('succeeded')
  await expectSeamless(tab, application)
})

test('a page that shows nothing of a client any more holds no connection', async () => {
  const gate = halfway()
  const tab = await asked()
  await tab.press('Leave')
  await expect.poll(openPaths, { timeout: 20_000 }).toEqual([])
  gate.release()
  await application.settled(tab.chatId)
  await tab.press('Come back')
  await tab.shows('Hello', 'The first half and the rest.')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
})

test('another chat takes the place of one that streams, which goes on and is there again', async () => {
  const { provider } = application
  provider.script([[text('Of the other chat.'), finish()]])
  const other = await application.open({ chatId: 'other' })
  await other.ask('Who?')
  await other.runIs('succeeded')
  await other.page.close()
  const gate = halfway()
  const tab = await asked()
  await tab.press(/^other/)
  await tab.shows('Who?', 'Of the other chat.')
  await tab.isNow('ready connected')
  await tab.press(new RegExp(`^${tab.chatId} running`))
  await tab.shows('Hello', 'The first half')
  await tab.isNow('streaming connected')
  gate.release()
  await tab.runIs('succeeded')
  await tab.shows('Hello', 'The first half and the rest.')
})

test('closing the tab leaves the run', async () => {
  const gate = halfway()
  const tab = await asked()
  await tab.page.close()
  gate.release()
  await application.settled(tab.chatId)
  const later = await application.open()
  await later.shows('Hello', 'The first half and the rest.')
  await expectSeamless(later, application)
})

test('an answer that lasts is read on the one long-lived connection', async () => {
  const gate = halfway()
  const tab = await asked()
  await untilMoved()
  await expect.poll(openPaths, { timeout: 20_000 }).toEqual(['/ai-chat/follow'])
  gate.release()
  await tab.runIs('succeeded')
  await expectSeamless(tab, application)
  // A list may still be looked at.
  await expect.poll(openPaths, { timeout: 20_000 }).toEqual(['/ai-chat/follow'])
})

test('Stop ends the run and keeps what there is, also where the page was opened later', async () => {
  halfway()
  const tab = await asked()
  await tab.page.reload()
  await tab.shows('Hello', 'The first half')
  await tab.press('Stop')
  await tab.runIs('aborted')
  await tab.isNow('ready connected')
  await expectSeamless(tab, application)
})

test('a run that failed says why, and the chat goes on', async () => {
  application.provider.script([[status(401)], [text('Fine now.'), finish()]])
  const tab = await application.open()
  await tab.ask('Hello')
  await tab.runIs('failed')
  await tab.isNow('error connected')
  await tab.page.getByRole('alert').getByText('denied access').waitFor()
  await tab.ask('Again')
  await tab.page.getByText('Fine now.').waitFor()
  await tab.isNow('ready connected')
  await expect.poll(() => tab.page.getByRole('alert').count()).toBe(0)
})

test('a message that cannot be sent is given back when the server does not come', async () => {
  const tab = await application.open()
  await tab.isNow('ready connected')
  tab.complaints.expect(/413|ERR_/)
  application.network.each({ instead: 413 }, ({ method }) => method === 'POST')
  await tab.ask('Precious')
  await tab.page.locator('#unsent').getByText('Precious').waitFor()
  await tab.press('Take back')
  await expect.poll(() => tab.page.getByLabel('Your message').inputValue()).toBe('Precious')
  await tab.shows()
  application.network.heal()
  application.provider.script([[text('Fine.'), finish()]])
  await tab.page.getByLabel('Your message').press('Enter')
  await tab.shows('Precious', 'Fine.')
  await tab.isNow('ready connected')
  await expect.poll(() => tab.page.getByRole('alert').count()).toBe(0)
})
