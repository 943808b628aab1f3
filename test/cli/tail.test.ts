/** Following a run from the command line: to its end, through lost servers, and without any effect on it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, startCommand } from '../support/command.ts'
import { startWorld, type World } from '../faults/fixtures/world.ts'
import { barrier, finish, text } from '../support/fake-provider.ts'
import { latestOf, settledRun, Tab } from '../support/run-client.ts'
import { eventually } from '../support/eventually.ts'

let world: World
beforeAll(async () => {
  world = await startWorld('the embedded database')
})
afterAll(() => world[Symbol.asyncDispose]())

const here = () => ({ env: { OUTLAST_URL: world.server.url } })

/** A run that has said a few words and says the rest when it is let go on. */
const falter = async (chatId: string) => {
  const silence = barrier()
  world.teach({ [chatId]: [[[text('Once upon a'), silence, text(' time'), finish()]]] })
  const tab = new Tab(chatId)
  await tab.ask(world.server.url, chatId)
  tab.leave()
  return { runId: tab.runId, goOn: silence.barrier.release }
}

describe('outlast runs tail', { timeout: 60_000 }, () => {
  it('shows what is said while it is said, and nothing else in its output', async () => {
    const { runId, goOn } = await falter('one')
    const tail = startCommand(['runs', 'tail', runId, '--exit-status'], here())
    await tail.says('Once upon a')
    goOn()
    expect(await tail.ended()).toBe(0)
    expect(tail).toMatchObject({ out: 'Once upon a time\n', err: '' })
  })

  it('ends with Ctrl-C, and the run does not', async () => {
    const { runId, goOn } = await falter('two')
    const tail = startCommand(['runs', 'tail', runId], here())
    await tail.says('Once upon a')
    tail.signal('SIGINT')
    expect(await tail.ended()).toBe(130)
    expect((await latestOf(world.server.url, 'two')).run.status).toBe('running')
    goOn()
    expect((await settledRun(world.server.url, 'two')).run.status).toBe('succeeded')
  })

  it('ends without a complaint when nobody reads it any more', async () => {
    const { runId, goOn } = await falter('three')
    const tail = startCommand(['runs', 'tail', runId], here())
    await tail.says('Once upon a')
    tail.leave()
    goOn()
    expect(await tail.ended()).toBe(0)
    expect(tail.err).toBe('')
  })

  it('says that a run was stopped, by its exit code where it is asked to', async () => {
    const { runId } = await falter('four')
    const tail = startCommand(['runs', 'tail', runId, '--exit-status'], here())
    await tail.says('Once upon a')
    expect(await runCommand(['runs', 'stop', runId], here())).toMatchObject({
      code: 0,
      out: `stopped ${runId}\n`,
    })
    expect(await tail.ended()).toBe(1)
    expect(tail.out).toBe('Once upon a\n')
    expect(tail.err).toBe('(stopped)\nThe run did not succeed: it is aborted.\n')
    const again = await runCommand(['runs', 'stop', runId, '--json'], here())
    expect(JSON.parse(again.out)).toEqual({ stopped: false })
  })

  it('goes on where it was when its server was killed and is back', async () => {
    const silence = barrier()
    world.teach({
      five: [
        [
          [text('Once upon a'), silence],
          [text('Once more'), finish()],
        ],
      ],
    })
    const tab = new Tab('five')
    await tab.ask(world.server.url, 'five')
    const tail = startCommand(['runs', 'tail', tab.runId, '--json'], here())
    await tail.says('Once upon a')
    await world.server.kill()
    await eventually(() => expect(tail.err).toContain('connection lost'))
    await world.server.start()
    expect(await tail.ended()).toBe(0)
    const frames = tail.out
      .trim()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { offset: string; chunk: { type: string; delta?: string } },
      )
    expect(frames.filter(({ chunk }) => chunk.type === 'start')).toHaveLength(1)
    expect(new Set(frames.map(({ offset }) => offset)).size).toBe(frames.length)
    const types = frames.map(({ chunk }) => chunk.type)
    expect(types).toContain('reset-step')
    expect(types.at(-1)).toBe('finish')
    expect(frames.map(({ chunk }) => chunk.delta ?? '').join('')).toBe('Once upon aOnce more')

    const { offset } = frames.at(-2)!
    const rest = await runCommand(['runs', 'tail', tab.runId, '--json', '--after', offset], here())
    expect(rest.out.trim().split('\n')).toHaveLength(1)
  })
})

describe('outlast runs tail at the database', { timeout: 60_000 }, () => {
  let embedded: World
  beforeAll(async () => {
    embedded = world
    world = await startWorld('PostgreSQL')
  })
  afterAll(async () => {
    await world[Symbol.asyncDispose]()
    world = embedded
  })

  it('follows a run of another process to its end, or until Ctrl-C', async () => {
    const { runId, goOn } = await falter('six')
    const env = { env: { DATABASE_URL: world.databaseUrl } }
    const tail = startCommand(['runs', 'tail', runId], env)
    const other = startCommand(['runs', 'tail', runId, '--json'], env)
    await other.says('"start"')
    other.signal('SIGINT')
    expect(await other.ended()).toBe(130)
    expect(other.err).toBe('')
    goOn()
    expect(await tail.ended()).toBe(0)
    expect(tail).toMatchObject({ out: 'Once upon a time\n', err: '' })
  })
})
