import { tool } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  defineAgent,
  type AgentOptions,
  type OutlastToolSet,
} from '../../src/agent/define-agent.ts'
import type { Answer } from '../../src/domain/decision.ts'
import type { RunRecord } from '../../src/domain/run.ts'
import type { Chunk } from '../../src/engine/chunks.ts'
import type { Frame } from '../../src/engine/tail/replay.ts'
import {
  collect,
  messageParts,
  storedParts,
  testOutlast,
  type TestOutlast,
} from '../support/engine.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'

type Call = { readonly id: string; readonly name: string; readonly input?: object }

/** A model that makes these calls in its first steps, one list a step, and then says that it is done. */
const calling = (...steps: readonly (readonly Call[])[]) =>
  scriptedModel((call) => {
    const calls = steps[call]
    if (!calls) return [...textParts('Done'), finishPart()]
    return [
      ...calls.flatMap(({ id, name, input = {} }) => toolCallParts({ id, name, input })),
      finishPart('tool-calls'),
    ]
  })

/** Tools that write down what they were executed with. */
const witnessed = () => {
  const done: unknown[] = []
  const inputSchema = z.object({ to: z.string().optional() })
  const execute = async (input: unknown) => {
    done.push(input)
    return { done: done.length }
  }
  return {
    done,
    tools: {
      pay: tool({ inputSchema, execute, needsApproval: true }),
      look: tool({ inputSchema, execute: async () => 'seen' }),
      locate: tool({ inputSchema, outputSchema: z.object({ city: z.string() }) }),
    } as OutlastToolSet,
  }
}

const agentOf = (
  model: ReturnType<typeof calling>,
  tools: OutlastToolSet,
  options: Partial<AgentOptions<OutlastToolSet>> = {},
) => defineAgent({ ...(options as object), name: 'a', model, tools })

const chunksOf = (frames: readonly Frame[]): Chunk[] => frames.map(({ chunk }) => chunk)
const typesOf = (frames: readonly Frame[]) => chunksOf(frames).map(({ type }) => type)

const decide = async (
  outlast: TestOutlast,
  run: RunRecord,
  answers: readonly Answer[],
): Promise<Frame[]> => {
  const { principal, engine } = outlast
  const decided = await engine.decide({ principal, target: { runId: run.id }, answers })
  return collect(await decided.attach())
}

const statusOf = async ({ db }: TestOutlast, { id }: RunRecord) => {
  const run = await db
    .selectFrom('aiChatRuns')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return run
}

const callOf = async ({ db }: TestOutlast, { id }: RunRecord, toolCallId: string) =>
  db
    .selectFrom('aiChatRunToolCalls')
    .selectAll()
    .where('runId', '=', id)
    .where('toolCallId', '=', toolCallId)
    .executeTakeFirstOrThrow()

const chatOf = async ({ db }: TestOutlast, { chatId }: RunRecord): Promise<string> => {
  const chat = db.selectFrom('aiChats').select('publicId').where('id', '=', chatId)
  return (await chat.executeTakeFirstOrThrow()).publicId
}

const isResponse = ({ chunk }: Frame) => chunk.type === 'tool-approval-response'

const approvalId = (run: RunRecord, toolCallId: string, stepIndex = 0) =>
  `${run.id}:${stepIndex}:${toolCallId}`

describe('a call that needs approval', () => {
  it('makes the run wait, held by nobody, and is executed once it is approved', async () => {
    const { done, tools } = witnessed()
    const model = calling([
      { id: 'c1', name: 'pay', input: { to: 'Ada' } },
      { id: 'c2', name: 'look' },
    ])
    await using outlast = await testOutlast([agentOf(model, tools)])
    const run = await outlast.ask('Hi')
    const asked = await outlast.tail(run)
    expect(typesOf(asked).slice(-4)).toEqual([
      'tool-approval-request',
      'tool-output-available',
      'finish-step',
      'finish',
    ])
    expect(await statusOf(outlast, run)).toMatchObject({
      status: 'waiting',
      leaseHolder: null,
      leaseExpiresAt: null,
      attempt: 0,
    })
    expect(done).toEqual([])
    const news = await decide(outlast, run, [{ approvalId: approvalId(run, 'c1'), approved: true }])
    expect(typesOf(news).slice(0, 3)).toEqual(['start', 'tool-output-available', 'finish-step'])
    expect(done).toEqual([{ to: 'Ada' }])
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
    const stored = await storedParts(outlast, run)
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
    expect(stored).toContainEqual({
      type: 'tool-pay',
      toolCallId: 'c1',
      state: 'output-available',
      input: { to: 'Ada' },
      output: { done: 1 },
      approval: { id: approvalId(run, 'c1'), approved: true },
    })
    expect(outlast.errors).toEqual([])
  })
  it('is never executed when it is denied; the model and everybody else are told so', async () => {
    const { done, tools } = witnessed()
    const model = calling([{ id: 'c1', name: 'pay' }])
    await using outlast = await testOutlast([agentOf(model, tools)])
    const run = await outlast.ask('Hi')
    await outlast.tail(run)
    const id = approvalId(run, 'c1')
    const news = await decide(outlast, run, [
      { approvalId: id, approved: false, reason: 'Too much.' },
    ])
    expect(typesOf(news).slice(0, 2)).toEqual(['start', 'tool-output-denied'])
    expect(done).toEqual([])
    const told = model.prompts[1]!.at(-1)
    expect(told).toMatchObject({
      role: 'tool',
      content: [{ toolCallId: 'c1', output: { type: 'execution-denied', reason: 'Too much.' } }],
    })
    const stored = await storedParts(outlast, run)
    expect(stored).toContainEqual({
      type: 'tool-pay',
      toolCallId: 'c1',
      state: 'output-denied',
      input: {},
      approval: { id, approved: false, reason: 'Too much.' },
    })
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
  })

  it('takes the first of two decisions at once, and both see the same', async () => {
    const { done, tools } = witnessed()
    await using outlast = await testOutlast([agentOf(calling([{ id: 'c1', name: 'pay' }]), tools)])
    const run = await outlast.ask('Hi')
    await outlast.tail(run)
    const id = approvalId(run, 'c1')
    const both = await Promise.all([
      decide(outlast, run, [{ approvalId: id, approved: true }]),
      decide(outlast, run, [{ approvalId: id, approved: false }]),
    ])
    await outlast.settled(run)
    const { approved } = (await callOf(outlast, run, 'c1')).approval!
    expect(done.length).toBe(approved ? 1 : 0)
    const loser = both[approved ? 1 : 0]!
    expect(chunksOf(loser)).toContainEqual({
      type: 'tool-approval-response',
      approvalId: id,
      approved,
    })
    const again = await decide(outlast, run, [{ approvalId: id, approved: approved! }])
    expect(chunksOf(again)).toEqual(chunksOf(both[approved ? 0 : 1]!))
    expect(done.length).toBe(approved ? 1 : 0)
  })

  it('leaves the run waiting until every call has its answer', async () => {
    const { done, tools } = witnessed()
    const model = calling([
      { id: 'c1', name: 'pay', input: { to: 'Ada' } },
      { id: 'c2', name: 'pay', input: { to: 'Bob' } },
    ])
    await using outlast = await testOutlast([agentOf(model, tools)])
    const run = await outlast.ask('Hi')
    await outlast.tail(run)
    const first = { approvalId: approvalId(run, 'c1'), approved: true }
    const second = { approvalId: approvalId(run, 'c2'), approved: false }
    expect(typesOf(await decide(outlast, run, [first]))).toEqual(['start', 'finish-step', 'finish'])
    expect((await statusOf(outlast, run)).status).toBe('waiting')
    expect(done).toEqual([])
    const { messages } = await outlast.chats.messages(
      outlast.principal,
      await chatOf(outlast, run),
      {},
    )
    expect(messages.at(-1)!.parts.map(({ state }) => state)).toEqual([
      undefined,
      'approval-responded',
      'approval-requested',
    ])
    await decide(outlast, run, [first, second])
    expect(done).toEqual([{ to: 'Ada' }])
    const stored = await storedParts(outlast, run)
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
  })

  it('is decided by rules of the agent where there are some, and a rule that fails says no', async () => {
    const { done, tools } = witnessed()
    const model = calling([
      { id: 'c1', name: 'pay', input: { to: 'friend' } },
      { id: 'c2', name: 'pay', input: { to: 'foe' } },
      { id: 'c3', name: 'pay' },
    ])
    const toolApproval = {
      pay: ({ to }: { to?: string }) => {
        if (to === undefined) throw new TypeError('to whom?')
        return to === 'friend'
          ? ({ type: 'approved', reason: 'Known.' } as const)
          : ({ type: 'denied', reason: 'A foe.' } as const)
      },
    }
    await using outlast = await testOutlast([agentOf(model, tools, { toolApproval })])
    const run = await outlast.ask('Hi')
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
    expect(done).toEqual([{ to: 'friend' }])
    const stored = (await storedParts(outlast, run)) as { toolCallId?: string }[]
    const parts = stored.filter(({ toolCallId }) => toolCallId)
    const automatic = { isAutomatic: true }
    expect(parts).toMatchObject([
      { state: 'output-available', approval: { ...automatic, approved: true, reason: 'Known.' } },
      { state: 'output-denied', approval: { ...automatic, approved: false, reason: 'A foe.' } },
      { state: 'output-error', errorText: expect.stringContaining('was not executed') },
    ])
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
  })
})

describe('a call that the client executes', () => {
  const locating = async () => {
    const { tools } = witnessed()
    const model = calling([{ id: 'c1', name: 'locate' }])
    const outlast = await testOutlast([agentOf(model, tools)])
    const run = await outlast.ask('Where am I?')
    const seen = await outlast.tail(run)
    return { outlast, model, run, seen }
  }

  it('waits for its output, which goes to the model', async () => {
    const { model, run, seen, ...rest } = await locating()
    await using outlast = rest.outlast
    expect(typesOf(seen).slice(-3)).toEqual(['tool-input-available', 'finish-step', 'finish'])
    const news = await decide(outlast, run, [{ toolCallId: 'c1', output: { city: 'Rome' } }])
    expect(typesOf(news).slice(0, 3)).toEqual(['start', 'tool-output-available', 'finish-step'])
    expect(model.prompts[1]!.at(-1)).toMatchObject({
      content: [{ toolCallId: 'c1', output: { type: 'json', value: { city: 'Rome' } } }],
    })
    const stored = await storedParts(outlast, run)
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
  })

  it('goes on waiting when the output is not what the tool gives', async () => {
    const { run, ...rest } = await locating()
    await using outlast = rest.outlast
    const wrong = decide(outlast, run, [{ toolCallId: 'c1', output: { town: 'Rome' } }])
    await expect(wrong).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(
        /does not fit its outputSchema( at \w+)?: Invalid input: [^\n]+\.$/,
      ),
    })
    expect((await statusOf(outlast, run)).status).toBe('waiting')
    await decide(outlast, run, [{ toolCallId: 'c1', errorText: 'No signal.' }])
    expect(await callOf(outlast, run, 'c1')).toMatchObject({
      status: 'failed',
      error: 'No signal.',
    })
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
  })

  it('gives no more than the answer has room for, as a result or as an error', async () => {
    const tools = { give: tool({ inputSchema: z.object({}) }) } as OutlastToolSet
    const ids = ['c1', 'c2', 'c3']
    const model = calling(ids.map((id) => ({ id, name: 'give' })))
    const limits = { answerChars: 10_000, toolOutputChars: 6000 }
    await using outlast = await testOutlast([agentOf(model, tools)], { limits })
    const run = await outlast.ask('Hi')
    await outlast.tail(run)
    const long = 'x'.repeat(5900)
    await decide(outlast, run, [
      { toolCallId: 'c1', output: long },
      { toolCallId: 'c2', output: long },
      { toolCallId: 'c3', errorText: long },
    ])
    const calls = await Promise.all(ids.map((id) => callOf(outlast, run, id)))
    expect(calls.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'failed'])
    expect(calls[0]!.output).toBe(long)
    expect(String(calls[1]!.output)).toContain('[Cut: ')
    expect(String(calls[2]!.error)).toContain('[Cut: ')
    expect(JSON.stringify(calls.map(({ output, error }) => output ?? error)).length).toBeLessThan(
      11_000,
    )
  })

  it('waits twice when it needs approval too', async () => {
    const { tools } = witnessed()
    const model = calling([{ id: 'c1', name: 'locate' }])
    const toolApproval = { locate: 'user-approval' } as const
    await using outlast = await testOutlast([agentOf(model, tools, { toolApproval })])
    const run = await outlast.ask('Where am I?')
    await outlast.tail(run)
    const output = { toolCallId: 'c1', output: { city: 'Rome' } }
    await expect(decide(outlast, run, [output])).rejects.toMatchObject({ code: 'NOT_WAITING' })
    await decide(outlast, run, [{ approvalId: approvalId(run, 'c1'), approved: true }])
    expect(await callOf(outlast, run, 'c1')).toMatchObject({ status: 'awaited' })
    await decide(outlast, run, [output])
    expect(await outlast.settled(run)).toMatchObject({ status: 'succeeded' })
    const stored = await storedParts(outlast, run)
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
  })
})

describe('a waiting run', () => {
  const waiting = async () => {
    const { done, tools } = witnessed()
    const model = calling([
      { id: 'c1', name: 'pay', input: { to: 'Ada' } },
      { id: 'c2', name: 'locate' },
    ])
    const outlast = await testOutlast([agentOf(model, tools)])
    const run = await outlast.ask('Hi', 'chat')
    const seen = await outlast.tail(run)
    return { done, model, outlast, run, seen }
  }
  const deniedParts = (run: RunRecord) => [
    {
      toolCallId: 'c1',
      state: 'output-denied',
      approval: {
        id: approvalId(run, 'c1'),
        approved: false,
        reason: 'The run ended before anybody decided.',
      },
    },
    { toolCallId: 'c2', state: 'output-error', errorText: expect.stringContaining('not executed') },
  ]

  it('gives way to a new message, which the model gets with the calls denied', async () => {
    const { done, model, run, seen, ...rest } = await waiting()
    await using outlast = rest.outlast
    const next = await outlast.ask('Never mind', 'chat')
    expect(next.id).not.toBe(run.id)
    expect(await outlast.settled(next)).toMatchObject({ status: 'succeeded' })
    expect(await statusOf(outlast, run)).toMatchObject({
      status: 'aborted',
      errorCode: 'superseded',
    })
    const stored = (await storedParts(outlast, run)) as object[]
    expect(stored.slice(1)).toMatchObject(deniedParts(run))
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
    const rest2 = await outlast.tail(run, seen.at(-1)!.position)
    expect(await messageParts(chunksOf([...seen, ...rest2]))).toEqual(stored)
    expect(model.prompts[1]!.filter(({ role }) => role === 'tool')).toMatchObject([
      { content: [{ toolCallId: 'c1' }, { toolCallId: 'c2' }] },
    ])
    expect(done).toEqual([])
    const late = decide(outlast, run, [{ approvalId: approvalId(run, 'c1'), approved: true }])
    await expect(late).rejects.toMatchObject({ code: 'NOT_WAITING' })
    expect(done).toEqual([])
  })

  it('is stopped at once', async () => {
    const { done, run, ...rest } = await waiting()
    await using outlast = rest.outlast
    expect(await outlast.engine.stop(outlast.principal, { runId: run.id })).toBe(true)
    expect((await statusOf(outlast, run)).status).toBe('aborted')
    const stored = (await storedParts(outlast, run)) as object[]
    expect(stored.slice(1)).toMatchObject(deniedParts(run))
    expect(await messageParts(chunksOf(await outlast.tail(run)))).toEqual(stored)
    expect(done).toEqual([])
  })

  it('has nothing to attach to, and its message is in the history', async () => {
    const { run, ...rest } = await waiting()
    await using outlast = rest.outlast
    const { engine, principal } = outlast
    expect(await engine.attach(principal, { chatId: 'chat' })).toBe(undefined)
    const { messages, activeRun } = await outlast.chats.messages(principal, 'chat', {})
    expect(activeRun).toMatchObject({ id: run.id, status: 'waiting' })
    expect(messages.at(-1)).toMatchObject({
      id: run.assistantMessageId,
      parts: [{}, { state: 'approval-requested' }, { state: 'input-available' }],
    })
  })

  it('makes every offset good that it has ever sent, before and after the wait', async () => {
    const { run, seen, ...rest } = await waiting()
    await using outlast = rest.outlast
    const news = await decide(outlast, run, [
      { approvalId: approvalId(run, 'c1'), approved: true },
      { toolCallId: 'c2', output: { city: 'Rome' } },
    ])
    await outlast.settled(run)
    const stored = await storedParts(outlast, run)
    // What the person who decided has: the message as it was, with the decision in it.
    const all = await outlast.tail(run)
    for (const [index, frame] of seen.entries()) {
      if (index === 0) continue
      const missing = await outlast.tail(run, frame.position)
      expect(await messageParts(chunksOf([...seen.slice(0, index + 1), ...missing]))).toEqual(
        stored,
      )
    }
    for (const [index, frame] of news.entries()) {
      const missing = await outlast.tail(run, frame.position)
      const sent = [...seen, ...all.filter(isResponse), ...news.slice(1, index + 1)]
      expect(await messageParts(chunksOf([...sent, ...missing]))).toEqual(stored)
    }
  })

  it('takes nothing from strangers, and nothing that it has not asked', async () => {
    const { done, run, ...rest } = await waiting()
    await using outlast = rest.outlast
    const { engine } = outlast
    const stranger = { workspaceId: 'w1', userId: 'u2' }
    await outlast.principals.ensure(stranger)
    const answers = [{ approvalId: approvalId(run, 'c1'), approved: true }]
    const foreign = engine.decide({ principal: stranger, target: { runId: run.id }, answers })
    await expect(foreign).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    const target = { chatId: 'chat', messageId: run.assistantMessageId! }
    await expect(engine.decide({ principal: stranger, target, answers })).rejects.toMatchObject({
      code: 'MESSAGE_NOT_FOUND',
    })
    for (const forged of [
      { approvalId: approvalId(run, 'c9'), approved: true },
      { toolCallId: 'c1', output: 'paid' },
      { toolCallId: 'c2', output: { city: 'Rome' }, stepIndex: 1 },
    ])
      await expect(decide(outlast, run, [forged])).rejects.toMatchObject({ code: 'NOT_WAITING' })
    expect((await statusOf(outlast, run)).status).toBe('waiting')
    expect(done).toEqual([])
  })
})
