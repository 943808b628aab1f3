/** Runs that are begun, read, stopped and taken over in different processes, with PostgreSQL alone between them. */
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { messageParts } from '../support/engine.ts'
import { eventually } from '../support/eventually.ts'
import { barrier, finish, text, type Turn } from '../support/fake-provider.ts'
import { settledRun, stopRun, Tab } from '../support/run-client.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { startFleet, type Fleet } from './fixtures/fleet.ts'

let fleet: Fleet
beforeAll(async () => {
  fleet = await startFleet(3)
})
afterAll(() => fleet[Symbol.asyncDispose]())

const server = (n: number): ServerProcess => fleet.servers[n]!

/** A turn that says each word when its reader has had the one before. */
const wordByWord = (...words: readonly string[]) => {
  const said = words.map((word) => ({ word, silence: barrier() }))
  const turn: Turn = [...said.flatMap(({ word, silence }) => [...text(word), silence]), finish()]
  return { turn, said }
}

const textOf = (tab: Tab): string =>
  tab.chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('')

const hasRead = (tab: Tab, words: string) => tab.until(() => textOf(tab).endsWith(words))

const cutListeners = async (): Promise<number> => {
  const { rows } = await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'outlast listener' and datname = current_database()`.execute(fleet.db)
  return rows.length
}

const tailsLeft = async (): Promise<string[]> => {
  const { rows } = await sql<{ runId: string }>`
    select run_id from outlast.ai_chat_run_tails`.execute(fleet.db)
  return rows.map(({ runId }) => runId)
}

it('a run of one process is read word by word in a second one and stopped in a third one', async () => {
  const { turn, said } = wordByWord('one ', 'two ', 'three ', 'four ')
  fleet.teach({ count: [[turn]] })
  const tab = new Tab('counted')
  await tab.ask(server(0).url, 'count')
  const reader = new Tab('counted')
  await reader.attach(server(1).url, tab.runId)
  for (const { word, silence } of said.slice(0, -1)) {
    await hasRead(reader, word)
    silence.barrier.release()
  }
  await hasRead(reader, 'four ')
  expect(await stopRun(server(2).url, { runId: tab.runId })).toBe(true)
  await fleet.provider.connectionClosed(fleet.provider.requests.indexOf(fleet.calls('count')[0]!))
  expect(await reader.closed()).toBe('done')
  const { run, message } = await settledRun(server(2).url, 'counted')
  expect(run.status).toBe('aborted')
  expect(await messageParts(reader.chunks)).toEqual(message.parts)
  expect(message.parts).toContainEqual({
    type: 'text',
    text: 'one two three four ',
    state: 'done',
  })
})

it('a reader loses nothing when the connections that listen are cut', async () => {
  const { turn, said } = wordByWord('red ', 'green ', 'blue ')
  fleet.teach({ colours: [[turn]] })
  const tab = new Tab('cut')
  await tab.ask(server(0).url, 'colours')
  const reader = new Tab('cut')
  await reader.attach(server(1).url, tab.runId)
  for (const { word, silence } of said) {
    await hasRead(reader, word)
    await cutListeners()
    silence.barrier.release()
  }
  expect(await reader.closed()).toBe('done')
  const { message } = await settledRun(server(1).url, 'cut')
  expect(await messageParts(reader.chunks)).toEqual(message.parts)
  expect(textOf(reader)).toBe('red green blue ')
})

it('nothing of a settled run stays in the tables of tails', async () => {
  await eventually(async () => expect(await tailsLeft()).toEqual([]))
})

it('a run whose words cannot be written down goes on, and its readers elsewhere end with its message', async () => {
  const { turn, said } = wordByWord('sun ', 'moon ')
  fleet.teach({ sky: [[turn]] })
  const tab = new Tab('unwritten')
  await tab.ask(server(0).url, 'sky')
  const reader = new Tab('unwritten')
  await reader.attach(server(1).url, tab.runId)
  await hasRead(reader, 'sun ')
  const rename = (from: string, to: string) =>
    sql`alter table outlast.${sql.id(from)} rename to ${sql.id(to)}`.execute(fleet.db)
  await rename('ai_chat_run_tails', 'away')
  for (const { silence } of said) silence.barrier.release()
  expect(await tab.closed()).toBe('done')
  expect(await reader.closed()).toBe('done')
  await rename('away', 'ai_chat_run_tails')
  const { run, message } = await settledRun(server(1).url, 'unwritten')
  expect(run.status).toBe('succeeded')
  for (const one of [tab, reader]) expect(await messageParts(one.chunks)).toEqual(message.parts)
})

it('a reader stays and reads on word by word when the process of its run is killed and another one goes on', async () => {
  const lost = barrier()
  const { turn, said } = wordByWord('north ', 'east ', 'south ')
  fleet.teach({ winds: [[[...text('no '), lost, finish()], turn]] })
  const tab = new Tab('taken')
  await tab.ask(server(0).url, 'winds')
  const reader = new Tab('taken')
  await reader.attach(server(1).url, tab.runId)
  await hasRead(reader, 'no ')
  await server(0).kill()
  lost.barrier.release()
  for (const { word, silence } of said) {
    await hasRead(reader, word)
    silence.barrier.release()
  }
  expect(await reader.closed()).toBe('done')
  const { run, message } = await settledRun(server(1).url, 'taken')
  expect(run.status).toBe('succeeded')
  expect(await messageParts(reader.chunks)).toEqual(message.parts)
  expect(reader.chunks.filter(({ type }) => type === 'reset-step')).toHaveLength(1)
  await eventually(async () => expect(await tailsLeft()).not.toContain(tab.runId))
})
