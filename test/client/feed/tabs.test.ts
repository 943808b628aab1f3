import { expect, it } from 'vitest'
import { followsOf } from './feeding.ts'
import { until, useTabs, WORDS, type Browsing, type Tab } from './tabs.ts'

const browse = useTabs()

const TEXT = WORDS.join('')
const FIRST = WORDS.slice(0, 3).join('')

/** Two tabs that read one run by the connection of the first. */
const readingTogether = async (browsing: Browsing) => {
  const [leader, second] = [await browsing.open(), await browsing.open()]
  const run = await leader.send('c1')
  await until(async () => (await leader.state()) === 'connected')
  await second.read(run)
  await until(async () => (await second.textOf(run)) === FIRST)
  return { leader, second, run }
}

it('eight tabs over HTTP/1.1 all send and read, with one long-lived connection', async () => {
  await using browsing = await browse()
  const tabs = []
  for (let index = 0; index < 8; index += 1) tabs.push(await browsing.open())
  const runs = await Promise.all(tabs.map((tab, index) => tab.send(`c${index}`)))
  for (const [index, tab] of tabs.entries())
    await until(async () => (await tab.textOf(runs[index]!)) === FIRST)
  // The one before is gone when the server has heard of it.
  const open = () => browsing.setting.network.requests.filter(({ isOpen }) => isOpen)
  await until(() => browsing.follows() === 1 && open().length === 1)
  browsing.gate.release()
  for (const [index, tab] of tabs.entries()) expect(await tab.whole(runs[index]!)).toBe(TEXT)
})

it('when the leading tab is closed in the middle, the others read on', async () => {
  await using browsing = await browse()
  const [leader, second, third] = [
    await browsing.open(),
    await browsing.open(),
    await browsing.open(),
  ]
  const run = await leader.send('c1')
  await until(async () => (await leader.state()) === 'connected')
  await second.read(run)
  await third.read(run)
  await until(
    async () => (await second.textOf(run)) === FIRST && (await third.textOf(run)) === FIRST,
  )
  await leader.page.close()
  browsing.gate.release()
  expect(await second.whole(run)).toBe(TEXT)
  expect(await third.whole(run)).toBe(TEXT)
  await until(() => browsing.follows() === 1)
})

it('when the leading tab crashes in the middle, the others read on', async () => {
  await using browsing = await browse()
  const { leader, second, run } = await readingTogether(browsing)
  const crashed = new Promise((resolve) => leader.page.once('crash', resolve))
  void leader.cdp.send('Page.crash').catch(() => undefined)
  await crashed
  browsing.gate.release()
  expect(await second.whole(run)).toBe(TEXT)
})

it('a leading tab that is frozen hands over, and has missed nothing when it comes back', async () => {
  await using browsing = await browse()
  const { leader, second, run } = await readingTogether(browsing)
  const [connection] = followsOf(browsing.setting.network)
  await leader.cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
  await connection!.ended
  browsing.gate.release()
  expect(await second.whole(run)).toBe(TEXT)
  await leader.cdp.send('Page.setWebLifecycleState', { state: 'active' })
  expect(await leader.whole(run)).toBe(TEXT)
})

it('a leading tab that hangs without a word is replaced, and notices when it goes on', async () => {
  await using browsing = await browse()
  const [leader, second] = [await browsing.open(), await browsing.open()]
  const run = await leader.send('c1')
  await until(async () => (await leader.state()) === 'connected')
  await leader.cdp.send('Debugger.enable')
  const paused = new Promise((resolve) => leader.cdp.once('Debugger.paused', resolve))
  await leader.cdp.send('Debugger.pause')
  void leader.page.evaluate(() => 1).catch(() => undefined)
  await paused
  await second.read(run)
  browsing.gate.release()
  expect(await second.whole(run)).toBe(TEXT)
  await leader.cdp.send('Debugger.resume')
  expect(await leader.whole(run)).toBe(TEXT)
  await until(() => browsing.follows() <= 1)
})

it('a leading tab that nobody looks at keeps leading, until its connection has to be made again', async () => {
  await using browsing = await browse()
  const [leader, seen] = [await browsing.open(), await browsing.open()]
  const run = await leader.send('c1')
  await until(async () => (await leader.state()) === 'connected')
  await seen.read(run)
  await until(async () => (await seen.textOf(run)) === FIRST)
  expect(await leader.page.evaluate('document.visibilityState')).toBe('hidden')
  const first = await leaderIn(seen)
  browsing.setting.network.cut()
  await until(async () => (await leaderIn(seen)) !== first)
  browsing.gate.release()
  expect(await seen.whole(run)).toBe(TEXT)
  expect(await leader.whole(run)).toBe(TEXT)
})

/** The browser's name for the document that holds the lock. */
const leaderIn = ({ page }: Tab) =>
  page.evaluate(async () => {
    const { held = [] } = await navigator.locks.query()
    return held.find(({ name }) => name === 'outlast/1/tabs')?.clientId
  })

it('a page goes into the back-forward cache and comes out of it without a loss for anybody', async () => {
  await using browsing = await browse()
  const { leader, second, run } = await readingTogether(browsing)
  await leader.page.goto(`${browsing.setting.network.url}/healthz`)
  await until(async () => (await second.state()) === 'connected')
  await leader.page.goBack({ waitUntil: 'commit' })
  expect(await leader.page.evaluate('tab.shown')).toEqual([false, true])
  browsing.gate.release()
  expect(await second.whole(run)).toBe(TEXT)
  expect(await leader.whole(run)).toBe(TEXT)
})

it('a device that loses its network reads on when it has it again', async () => {
  await using browsing = await browse()
  const [leader, second] = [await browsing.open(), await browsing.open()]
  const run = await leader.send('c1')
  await second.read(run)
  await until(
    async () => (await leader.textOf(run)) === FIRST && (await second.textOf(run)) === FIRST,
  )
  await browsing.context.setOffline(true)
  browsing.setting.network.cut()
  for (const tab of [leader, second]) await until(async () => (await tab.state()) === 'offline')
  browsing.gate.release()
  await browsing.context.setOffline(false)
  expect(await leader.whole(run)).toBe(TEXT)
  expect(await second.whole(run)).toBe(TEXT)
})

it('a tab that shares with nobody gives its connection up while it is put away', async () => {
  await using browsing = await browse()
  const tab = await browsing.open('?scope=none')
  const run = await tab.send('c1')
  await until(async () => (await tab.textOf(run)) === FIRST)
  // Only what nobody looks at is frozen.
  await browsing.open()
  await tab.cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
  await until(() => browsing.follows() === 0)
  browsing.gate.release()
  await tab.cdp.send('Page.setWebLifecycleState', { state: 'active' })
  expect(await tab.whole(run)).toBe(TEXT)
})

it('a tab that shares with nobody and that nobody has looked at for long has no connection', async () => {
  await using browsing = await browse()
  const tab = await browsing.open('?scope=none', (page) => page.clock.install())
  const run = await tab.send('c1')
  await tab.page.clock.runFor(100)
  await until(async () => (await tab.textOf(run)) === FIRST)
  const [connection] = followsOf(browsing.setting.network)
  await browsing.open()
  await tab.page.clock.fastForward(31_000)
  await connection!.ended
  browsing.gate.release()
  await tab.page.bringToFront()
  expect(await tab.whole(run)).toBe(TEXT)
})
