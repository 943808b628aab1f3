/** How the real process ends runs and itself: a stop, a reader that leaves, a signal, a folder that is taken. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutlastDatabase } from '../../src/index.ts'
import { barrier, finish, text, toolCall, type Turn } from '../support/fake-provider.ts'
import { messageParts } from '../support/engine.ts'
import { settledRun, stopRun, Tab } from '../support/run-client.ts'
import { runCli } from '../support/server-process.ts'
import { startWorld, type World } from './fixtures/world.ts'
import { eventually } from '../support/eventually.ts'

const says = (words: string): Turn => [text(words), finish()]

const asks = (tool: 'act' | 'repeat', name: string, gate = false): Turn => [
  toolCall({ id: `call-${name}`, name: tool, arguments: { name, gate } }),
  finish('tool_calls'),
]

/** Says a few words and falls silent. */
const falters = () => {
  const silence = barrier()
  const turn: Turn = [text('Once upon a'), silence, text(' time'), finish()]
  return { turn, go: silence.barrier.release }
}

const isText = ({ type }: { type: string }) => type === 'text-delta'

const statusOf = async (url: string, path: string): Promise<number> =>
  (await fetch(new URL(path, url))).status

let world: World

describe('a server on its own folder', () => {
  beforeAll(async () => {
    world = await startWorld('the embedded database')
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('closes the connection to the provider when a run is stopped', async () => {
    const { server, provider } = world
    world.teach({ stop: [[falters().turn]] })
    const tab = new Tab('stopped')
    await tab.ask(server.url, 'stop')
    await tab.until(isText)
    expect(await stopRun(server.url, { runId: tab.runId })).toBe(true)
    await provider.connectionClosed(provider.requests.indexOf(world.calls('stop')[0]!))
    const { run, message } = await settledRun(server.url, tab.chatId)
    expect(run).toMatchObject({ status: 'aborted', error: null })
    expect(await tab.closed()).toBe('done')
    expect(await messageParts(tab.chunks)).toEqual(message.parts)
    expect(message.parts).toContainEqual({ type: 'text', text: 'Once upon a', state: 'done' })
    expect(await stopRun(server.url, { chatId: tab.chatId })).toBe(false)
  })

  it('keeps a second process out, which says why and ends', async () => {
    const { server } = world
    const { code, said } = await runCli(server.dataDir, {
      PORT: '0',
      OUTLAST_DATA_DIR: server.dataDir,
    })
    expect(code).toBe(1)
    expect(said.trim()).toMatch(/^The data folder .* is in use by process \d+\. .*DATABASE_URL.*$/)
    expect(said).toContain(`process ${server.pid}`)
    expect(await statusOf(server.url, '/healthz')).toBe(200)
  })

  it('lets what runs end when it is told to, and goes on with it at the next start', async () => {
    const { server, gates } = world
    const faltering = barrier()
    world.teach({
      work: [[asks('repeat', 'slow', true)], [says('Fine')]],
      talk: [
        [[text('I was say'), faltering, ...text('ing'), ...asks('act', 'later')]],
        [says('So')],
      ],
    })
    const work = new Tab('work')
    await work.ask(server.url, 'work')
    await gates.gate('slow').reached
    await server.kill()
    await server.start()
    const slow = async () => (await world.effects()).filter(({ name }) => name === 'slow')
    await eventually(async () => expect(await slow()).toHaveLength(2))
    await work.reconnect(server.url)
    const talk = new Tab('talk')
    await talk.ask(server.url, 'talk')
    await talk.until(isText)

    server.signal('SIGTERM')
    await eventually(() => expect(server.said).toContain('SIGTERM'))
    await expect(statusOf(server.url, '/healthz')).rejects.toThrow('fetch failed')
    faltering.barrier.release()
    gates.openAll()
    expect(await server.ended()).toBe(0)
    expect(await work.closed()).toBe('broken')
    expect(await talk.closed()).toBe('broken')
    const { runs, calls } = await world.withDatabase(async (db) => ({
      runs: await db
        .selectFrom('aiChatRuns')
        .select(['status', 'attempt', 'leaseHolder', 'stepCount'])
        .where('id', 'in', [work.runId, talk.runId])
        .execute(),
      calls: await db.selectFrom('aiChatRunToolCalls').select(['toolCallId', 'status']).execute(),
    }))
    const released = { status: 'running', attempt: 0, leaseHolder: null, stepCount: 1 }
    expect(runs).toEqual([released, released])
    expect(calls).toEqual([{ toolCallId: 'call-slow', status: 'succeeded' }])

    await server.start()
    for (const tab of [work, talk]) {
      await tab.reconnect(server.url)
      const { run, message } = await settledRun(server.url, tab.chatId)
      expect(run).toMatchObject({ status: 'succeeded', stepCount: 2 })
      expect(await tab.closed()).toBe('done')
      expect(await messageParts(tab.chunks)).toEqual(message.parts)
      expect(world.calls(tab.chatId)).toHaveLength(2)
    }
    expect(await slow()).toHaveLength(2)
  }, 60_000)
})

describe('a server whose workspace has autonomous runs switched off', () => {
  beforeAll(async () => {
    world = await startWorld('PostgreSQL')
    await world.withDatabase((db) =>
      db
        .updateTable('workspaces')
        .set({ settings: JSON.stringify({ ai: { autonomousRuns: false } }) as never })
        .where('id', '=', 'default')
        .execute(),
    )
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const streams = ({ runId, chatId }: Tab) =>
    Promise.all([
      statusOf(world.server.url, `/ai-chat/runs/${runId}/stream`),
      statusOf(world.server.url, `/ai-chat/${chatId}/stream`),
    ])

  it('ends a run when its socket is closed, and lets nobody attach to it', async () => {
    const { server, provider } = world
    world.teach({ leave: [[falters().turn]] })
    const tab = new Tab('left')
    await tab.ask(server.url, 'leave')
    await tab.until(isText)
    expect(await streams(tab)).toEqual([204, 204])
    tab.leave()
    await provider.connectionClosed(provider.requests.indexOf(world.calls('leave')[0]!))
    const { run, message } = await settledRun(server.url, tab.chatId)
    expect(run).toMatchObject({ status: 'aborted', error: null })
    expect(message.parts).toContainEqual({ type: 'text', text: 'Once upon a', state: 'done' })
    expect(await streams(tab)).toEqual([204, 204])
  })

  it('settles from their journals the runs of a process that was killed, and executes none', async () => {
    const { server, gates } = world
    world.teach({
      talking: [[asks('act', 'done')], [falters().turn, says('never')]],
      working: [[asks('repeat', 'undone', true)], [says('never')]],
    })
    const talking = new Tab('talking')
    await talking.ask(server.url, 'talking')
    await talking.until(isText)
    const working = new Tab('working')
    await working.ask(server.url, 'working')
    await gates.gate('undone').reached
    await server.kill()
    gates.openAll()
    await world.withDatabase(lapseAll)
    await server.start()

    const ends = {
      talking: { output: 'did done' },
      working: { errorText: expect.stringContaining('unknown') },
    }
    for (const tab of [talking, working]) {
      const { run, message } = await settledRun(server.url, tab.chatId)
      expect(run).toMatchObject({ status: 'aborted', attempt: 0, error: null })
      expect(message.parts).toContainEqual(
        expect.objectContaining(ends[tab.chatId as keyof typeof ends]),
      )
      expect(await streams(tab)).toEqual([204, 204])
    }
    expect(world.calls('talking')).toHaveLength(2)
    expect(world.calls('working')).toHaveLength(1)
    expect((await world.effects()).map(({ name }) => name)).toEqual(['done', 'undone'])
  })
})

/** The time passes after which a silent process counts as dead. */
const lapseAll = (db: OutlastDatabase) =>
  db
    .updateTable('aiChatRuns')
    .set({ leaseExpiresAt: new Date(0) })
    .execute()
