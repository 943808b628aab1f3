/** One chat, followed by a client that knows nothing but to show what it is told in the order in which it comes. */
import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { messageParts } from '../support/engine.ts'
import { Follower, type Envelope } from '../support/follower.ts'
import { latestOf } from '../support/run-client.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { chunksOf, serving, turn, type Serving, type ServingOptions } from './serving.ts'

/** Each run waits until it is let, if it was told to. */
const talking = () => {
  const gates = [createBarrier(), createBarrier()]
  let waits = 0
  const model = scriptedModel(async function* (call, { prompt }) {
    yield { type: 'text-start', id: '0' }
    yield { type: 'text-delta', id: '0', delta: `Answer ${call}` }
    if (JSON.stringify(prompt.at(-1)).includes('wait')) await gates[waits++]!.wait()
    yield { type: 'text-delta', id: '0', delta: ' and more' }
    yield { type: 'text-end', id: '0' }
    yield finishPart()
  })
  return { gates, agent: defineAgent({ name: 'a', model }) }
}

const started = async (options?: ServingOptions) => {
  const { gates, agent } = talking()
  const server = await serving(agent, options)
  return { gates, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const open = ({ url }: Serving, { chat = 'c1', query = '', headers = {} } = {}) =>
  Follower.open(`${url}/ai-chat/${chat}/follow${query}`, { headers })

const ask = async (server: Serving, body: unknown): Promise<string> => {
  const answer = await server.post('/ai-chat', body)
  await chunksOf(answer)
  return answer.headers.get('x-outlast-run')!
}

/** What it was told, in short: runs by their state, and chunks where they begin and where they end. */
const story = (told: readonly Envelope[], runIds: readonly string[]): string[] =>
  told.flatMap((one) => {
    const name = (runId: string | undefined) => `run ${runIds.indexOf(runId ?? '')}`
    if (one.type === 'run') return one.run ? `${name(one.run.id)} ${one.run.status}` : 'no run'
    if (one.type !== 'chunk') return one.type
    const { type } = one.chunk
    return ['start', 'finish'].includes(type) ? `${name(one.runId)} ${type}` : []
  })

const isEnd = ({ chunk }: { chunk: { type: string } }) => chunk.type === 'finish'

describe('a client that follows one chat', () => {
  it('is told each run, its chunks and its end, one run after the other', async () => {
    await using world = await started()
    const { server } = world
    await using follower = await open(server)
    await follower.next('run', ({ run }) => run === null)
    const first = await ask(server, turn('c1', 'One'))
    await follower.next('chunk', isEnd)
    await follower.next('run', ({ run }) => run?.status === 'succeeded')
    const second = await ask(server, turn('c1', 'Two', 'm2'))
    await follower.next('chunk', isEnd)
    await follower.next('run', ({ run }) => run?.id === second && run.status === 'succeeded')
    // A quick run is told as succeeded before its chunks too.
    const told = story(follower.told, [first, second])
    expect(
      told.filter(
        (_, index) => !/start/.test(told[index + 1] ?? '') && !/running|pending/.test(told[index]!),
      ),
    ).toEqual([
      'no run',
      ...['run 0 start', 'run 0 finish', 'run 0 succeeded'],
      ...['run 1 start', 'run 1 finish', 'run 1 succeeded'],
    ])
    for (const [index, one] of follower.told.entries())
      if (one.type === 'chunk') expect(follower.ids[index]).toBe(`${one.runId}/${one.offset}`)
    const { message } = await latestOf(server.url, 'c1')
    expect(await messageParts(follower.chunks(second))).toEqual(message.parts)
    expect(server.errors).toEqual([])
  })

  it('reads a run that is active when it comes, and none that is history', async () => {
    await using world = await started()
    const { server, gates } = world
    const first = await ask(server, turn('c1', 'One'))
    await using late = await open(server)
    await late.next('run', ({ run }) => run?.status === 'succeeded')
    const answer = await server.post('/ai-chat', turn('c1', 'wait', 'm2'))
    await late.next('chunk')
    await using later = await open(server)
    await later.next('chunk')
    gates[0]!.release()
    const second = answer.headers.get('x-outlast-run')!
    await Promise.all([late.next('chunk', isEnd), later.next('chunk', isEnd)])
    expect(late.chunks(first)).toEqual([])
    expect(later.told[0]).toMatchObject({ type: 'run', run: { id: second } })
    const parts = await messageParts(await chunksOf(answer))
    expect(await messageParts(late.chunks(second))).toEqual(parts)
    expect(await messageParts(later.chunks(second))).toEqual(parts)
  })

  it('comes back with any id that it was sent: the rest of that run, then the newest one', async () => {
    await using world = await started()
    const { server } = world
    const ids: string[] = []
    for (const [index, text] of ['One', 'Two', 'Three'].entries())
      ids.push(await ask(server, turn('c1', text, `m${index}`)))
    const [first = '', , third = ''] = ids
    const whole = await Follower.open(`${server.url}/ai-chat/c1/follow?after=${first}/0-0`)
    await whole.next('chunk', (one) => one.runId === third && isEnd(one))
    await whole.next('run')
    await whole[Symbol.asyncDispose]()
    expect(story(whole.told, ids)).toEqual([
      ...['run 0 finish', 'run 2 succeeded', 'run 2 start', 'run 2 finish', 'run 2 succeeded'],
    ])
    const sent = whole.told.flatMap((one, index) =>
      one.type === 'chunk' ? { ...one, id: whole.ids[index]! } : [],
    )
    for (const [index, { id }] of sent.entries()) {
      await using follower = await open(server, { headers: { 'last-event-id': id } })
      await follower.next('run')
      // The end of the run in which it stands is told behind what it lacks.
      if (!id.startsWith(third))
        await follower.next('chunk', (one) => one.runId === third && isEnd(one))
      const rest = follower.told.flatMap((one) => (one.type === 'chunk' ? one : []))
      for (const runId of [first, third]) {
        const had = sent.slice(0, index + 1).filter((one) => one.runId === runId)
        const chunks = [...had, ...rest.filter((one) => one.runId === runId)].map(
          (one) => one.chunk,
        )
        const all = sent.filter((one) => one.runId === runId).map((one) => one.chunk)
        expect(await messageParts(chunks)).toEqual(await messageParts(all))
      }
    }
  })

  it('reads on after a wait, and the next run after a decision that never came', async () => {
    const model = scriptedModel((_call, { prompt }) =>
      prompt.at(-1)?.role === 'tool' || JSON.stringify(prompt.at(-1)).includes('Never')
        ? [...textParts('Done.'), finishPart()]
        : [...toolCallParts({ id: 'c1', name: 'pay', input: {} }), finishPart('tool-calls')],
    )
    const pay = tool({ inputSchema: z.object({}), needsApproval: true, execute: () => 'ok' })
    await using server = await serving(defineAgent({ name: 'a', model, tools: { pay } }))
    await using follower = await open(server)
    await follower.next('run')
    const first = await ask(server, turn('c1', 'Pay'))
    const { chunk } = await follower.next(
      'chunk',
      (one) => one.chunk.type === 'tool-approval-request',
    )
    await follower.next('run', ({ run }) => run?.status === 'waiting')
    const { approvalId } = chunk as unknown as { approvalId: string }
    const decisions = [{ approvalId, approved: true }]
    await server.post(`/ai-chat/runs/${first}/decisions`, { decisions })
    await follower.next('chunk', isEnd)
    await follower.next('run', ({ run }) => run?.status === 'succeeded')
    const stored = async () => (await latestOf(server.url, 'c1')).message.parts
    expect(await messageParts(follower.chunks(first))).toEqual(await stored())
    expect(follower.chunks(first).filter(({ type }) => type === 'start')).toHaveLength(1)
    const second = await ask(server, turn('c1', 'Pay more', 'm2'))
    await follower.next('run', ({ run }) => run?.id === second && run.status === 'waiting')
    const denied = (await latestOf(server.url, 'c1')).message.id
    const third = await ask(server, turn('c1', 'Never mind', 'm3'))
    const last = await follower.next('run', ({ run }) => run?.id === third)
    expect(last.previousMessageId).toBe(denied)
    await follower.next('chunk', (one) => one.runId === third && isEnd(one))
    expect(await messageParts(follower.chunks(third))).toEqual(await stored())
  })

  it('is told that the chat is gone, after the end of what it was reading', async () => {
    await using world = await started()
    const { server } = world
    const answer = await server.post('/ai-chat', turn('c1', 'wait'))
    const runId = answer.headers.get('x-outlast-run')!
    await using follower = await open(server)
    await follower.next('chunk', ({ chunk }) => chunk.type === 'text-delta')
    await server.get('/ai-chat/c1', { method: 'DELETE' })
    await follower.next('removed')
    const told = story(follower.told, [runId])
    expect(told.indexOf('removed')).toBeGreaterThan(told.indexOf('run 0 finish'))
    expect(told).toContain('run 0 finish')
    const next = await ask(server, turn('c1', 'Anew', 'm2'))
    await follower.next('chunk', (one) => one.runId === next && isEnd(one))
  })

  it('is told of bound runs without their chunks', async () => {
    await using world = await started({ autonomousRuns: false })
    const { server } = world
    await using follower = await open(server)
    await ask(server, turn('c1', 'One'))
    await follower.next('run', ({ run }) => run?.status === 'succeeded')
    expect(follower.told.some(({ type }) => type === 'chunk')).toBe(false)
  })

  it('may stand in runs of this chat only', async () => {
    await using world = await started()
    const { server } = world
    const runId = await ask(server, turn('other', 'One'))
    await ask(server, turn('c1', 'One'))
    const refused = async (after: string) => {
      const answer = await server.get(`/ai-chat/c1/follow?after=${after}`)
      return [answer.status, ((await answer.json()) as { code: string }).code]
    }
    expect(await refused(`${runId}/1-1`)).toEqual([404, 'RUN_NOT_FOUND'])
    expect(await refused('unknown/1-1')).toEqual([404, 'RUN_NOT_FOUND'])
    expect(await refused('1-x')).toEqual([400, 'INVALID_REQUEST'])
  })
})
