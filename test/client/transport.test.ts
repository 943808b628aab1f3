/** A `useChat` on our transport loses nothing, whatever becomes of its connections, and stops what it means to stop. */
import { expect, it } from 'vitest'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { ConnectionLostError } from '../../src/client/errors.ts'
import { RunAlreadyActiveError } from '../../src/domain/errors.ts'
import { createBarrier } from '../support/barrier.ts'
import { finishPart, scriptedModel, textParts } from '../support/scripted-model.ts'
import { chatting, expectStored } from './chatting.ts'
import { eventually } from '../support/eventually.ts'

const WORDS = ['One ', 'two ', 'three ', 'fo', 'ur ', 'fünf ', '🙂 ', 'end']

/** Says word after word, and after the third waits until it may go on. */
const speaking = () => {
  const gate = createBarrier()
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    for (const [index, delta] of WORDS.entries()) {
      if (index === 3) await gate.wait()
      yield { type: 'text-delta', id: '0', delta }
    }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { gate, model, agent: defineAgent({ name: 'a', model }) }
}

const runStatus = async (server: Awaited<ReturnType<typeof chatting>>['server']) => {
  const answer = await server.post('/ai-chat/run', { chatId: 'c1' })
  return ((await answer.json()) as { run: { status: string } }).run.status
}

it('a connection that is reset in the answer is made again in the same stream', async () => {
  const { gate, model, agent } = speaking()
  await using setting = await chatting(agent)
  const { server, network } = setting
  const tab = await setting.tab()
  const states: string[] = []
  tab.transport.client.connection.subscribe(() =>
    states.push(tab.transport.client.connection.get()),
  )
  const sent = tab.chat.sendMessage({ text: 'Count' })
  await gate.reached
  await eventually(() =>
    expect(tab.chat.messages.at(-1)?.parts.at(-1)).toMatchObject({ text: 'One two three ' }),
  )
  network.cut()
  await eventually(() => expect(states).toContain('reconnecting'))
  expect(tab.chat.status).toBe('streaming')
  gate.release()
  await sent
  expect(tab.chat.status).toBe('ready')
  const [, answer] = await expectStored(tab, server)
  expect(answer?.parts.at(-1)).toMatchObject({ type: 'text', text: WORDS.join('') })
  expect(model.calls).toHaveLength(1)
  expect(tab.transport.client.connection.get()).toBe('idle')
})

it.each(['reset', 'fin'] as const)('an answer may break with a %s at every frame', async (ends) => {
  const model = scriptedModel(() => [...textParts(WORDS), finishPart()])
  await using setting = await chatting(defineAgent({ name: 'a', model }))
  for (let frames = 0; frames < 6; frames += 1) {
    const tab = await setting.tab({ chatId: `c${frames}` })
    const cut = setting.network.next({ at: { frames }, ends }, ({ method }) => method === 'POST')
    await tab.chat.sendMessage({ text: 'Count' })
    await cut
    expect(tab.chat.status).toBe('ready')
    await expectStored(tab, setting.server)
  }
  expect(setting.server.errors).toEqual([])
})

it('a message whose answer is lost is sent again, and begins one run', async () => {
  const model = scriptedModel(() => [...textParts('Yes'), finishPart()])
  await using setting = await chatting(defineAgent({ name: 'a', model }))
  const tab = await setting.tab()
  const lost = setting.network.next({ instead: 'answer lost' }, ({ method }) => method === 'POST')
  await tab.chat.sendMessage({ text: 'Hello' })
  await lost
  await expectStored(tab, setting.server)
  expect(model.calls).toHaveLength(1)
})

it('a server behind a proxy that answers 502 for a while gets the message', async () => {
  const model = scriptedModel(() => [...textParts('Yes'), finishPart()])
  await using setting = await chatting(defineAgent({ name: 'a', model }))
  const tab = await setting.tab()
  const refused = setting.network.next({ instead: 502 })
  await tab.chat.sendMessage({ text: 'Hello' })
  await refused
  await expectStored(tab, setting.server)
})

it('sending while a run is active is refused with its id', async () => {
  const { gate, agent } = speaking()
  await using setting = await chatting(agent)
  const tab = await setting.tab()
  const other = await setting.tab()
  const sent = tab.chat.sendMessage({ text: 'One' })
  await gate.reached
  await other.chat.sendMessage({ text: 'Two' })
  expect(other.chat.status).toBe('error')
  const { error } = other.chat
  expect(error).toBeInstanceOf(RunAlreadyActiveError)
  const { activeRun } = await other.transport.client.chats.messages('c1')
  expect((error as RunAlreadyActiveError).activeRunId).toBe(activeRun?.id)
  gate.release()
  await sent
})

it('an aborted request leaves the run alone', async () => {
  const { gate, agent } = speaking()
  await using setting = await chatting(agent)
  const tab = await setting.tab()
  const sent = tab.chat.sendMessage({ text: 'One' })
  await gate.reached
  await tab.chat.stop()
  await sent
  expect(await runStatus(setting.server)).toBe('running')
  const resumed = tab.chat.resumeStream()
  await eventually(() => expect(tab.chat.status).toBe('streaming'))
  gate.release()
  await resumed
  await expectStored(tab, setting.server)
  expect(await runStatus(setting.server)).toBe('succeeded')
})

it('stop() stops the run where it is said to mean that, also before its answer has come', async () => {
  const { gate, agent } = speaking()
  await using setting = await chatting(agent)
  const tab = await setting.tab({ onAbort: 'stop' })
  const held = setting.network.next({ holdBytes: Infinity }, ({ method }) => method === 'POST')
  const sent = tab.chat.sendMessage({ text: 'One' })
  await gate.reached
  void tab.chat.stop()
  await sent
  await held
  await eventually(async () => expect(await runStatus(setting.server)).toBe('aborted'))
})

it('a run that this tab has come back to is stopped by its id', async () => {
  const { gate, agent } = speaking()
  await using setting = await chatting(agent)
  const tab = await setting.tab()
  const sent = tab.chat.sendMessage({ text: 'One' })
  await gate.reached
  const other = await setting.tab()
  const resumed = other.chat.resumeStream()
  await eventually(() => expect(other.chat.messages).toHaveLength(2))
  expect(await other.transport.stop('c1')).toBe(true)
  await Promise.all([sent, resumed])
  expect(tab.chat.status).toBe('ready')
  await expectStored(tab, setting.server)
  await expectStored(other, setting.server)
  expect(await runStatus(setting.server)).toBe('aborted')
})

it('an answer that came between history and attach is shown', async () => {
  const { gate, agent } = speaking()
  await using setting = await chatting(agent)
  const tab = await setting.tab()
  const sent = tab.chat.sendMessage({ text: 'One' })
  await gate.reached
  const late = await setting.tab({ have: () => late.chat.messages.at(-1)?.id })
  gate.release()
  await sent
  await late.chat.resumeStream()
  await expectStored(late, setting.server)
})

it('a run that is tied to its request ends with it, and says so', async () => {
  const { gate, agent } = speaking()
  await using setting = await chatting(agent, { autonomousRuns: false })
  const tab = await setting.tab()
  const sent = tab.chat.sendMessage({ text: 'One' })
  await gate.reached
  await eventually(() => expect(tab.chat.messages).toHaveLength(2))
  setting.network.cut()
  await sent
  expect(tab.chat.error).toBeInstanceOf(ConnectionLostError)
  await eventually(async () => expect(await runStatus(setting.server)).toBe('aborted'))
})

it('a run that fails leaves nothing open behind its error', async () => {
  const model = scriptedModel(async function* () {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: 'Well' }
    throw new TypeError('Broken.')
  })
  await using setting = await chatting(defineAgent({ name: 'a', model, maxRetries: 0 }))
  const tab = await setting.tab()
  await tab.chat.sendMessage({ text: 'Hello' })
  expect(tab.chat.status).toBe('error')
  expect(tab.chat.error?.message).toMatch(/error/)
  expect(tab.transport.client.connection.get()).toBe('idle')
  await expectStored(tab, setting.server)
})
