/** A real server ends while clients follow: they see that it went, and with the next one they lose and double nothing. */
import { expect, it } from 'vitest'
import { barrier, finish, text } from '../support/fake-provider.ts'
import { messageParts } from '../support/engine.ts'
import { Follower } from '../support/follower.ts'
import { latestOf, Tab } from '../support/run-client.ts'
import { startWorld } from './fixtures/world.ts'

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'followers of a server that gets %s go on where they stood',
  async (signal) => {
    await using world = await startWorld('the embedded database')
    const { server } = world
    const silence = barrier()
    const again = [text('Once upon a'), text(' time'), finish()]
    world.teach({ talk: [[[text('Once upon a'), silence, finish()], again]] })
    const tab = new Tab('c1')
    await tab.ask(server.url, 'talk')
    const address = (query: string) =>
      `${server.url}/ai-chat/follow?chat=c1&run=${tab.runId}${query}`
    await using before = await Follower.open(address(''))
    await before.next('chunk', ({ chunk }) => chunk.type === 'text-delta')
    await using chat = await Follower.open(`${server.url}/ai-chat/c1/follow`)
    await chat.next('chunk', ({ chunk }) => chunk.type === 'text-delta')
    const leaves = Promise.all([before.ended, chat.ended])
    server.signal(signal)
    // In good order the process ends with the model's answer; killed, it leaves the run to the next one.
    if (signal === 'SIGTERM') silence.barrier.release()
    expect(await server.ended()).toBe(signal === 'SIGTERM' ? 0 : null)
    silence.barrier.release()
    expect(await leaves).toEqual(['broken', 'broken'])

    await server.start()
    const at = before.told.findLast((one) => one.type === 'chunk')!
    await using after = await Follower.open(address(`/${at.offset}`))
    await after.any('end')
    const { run } = await after.any('run', (one) => one.run?.status === 'succeeded')
    expect(run?.id).toBe(tab.runId)
    await using rest = await Follower.open(`${server.url}/ai-chat/c1/follow`, {
      headers: { 'last-event-id': chat.ids.at(-1)! },
    })
    await rest.any('run', (one) => one.run?.status === 'succeeded')
    const { message } = await latestOf(server.url, 'c1')
    expect(await messageParts([...before.chunks(0), ...after.chunks(0)])).toEqual(message.parts)
    const runId = tab.runId
    expect(await messageParts([...chat.chunks(runId), ...rest.chunks(runId)])).toEqual(
      message.parts,
    )
  },
)
