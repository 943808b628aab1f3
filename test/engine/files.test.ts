import { tool, type ModelMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent, type AgentDefinition } from '../../src/agent/define-agent.ts'
import { fileIdOf, INLINE_FILE_BYTES } from '../../src/domain/file.ts'
import type { Limits } from '../../src/domain/limits.ts'
import {
  collect,
  messageParts,
  storedParts,
  testOutlast,
  withFastClock,
} from '../support/engine.ts'
import { comparable } from '../support/reference-agent.ts'
import {
  finishPart,
  scriptedModel,
  textParts,
  toolCallParts,
  type ScriptedModel,
} from '../support/scripted-model.ts'

const base64Of = (size: number): string =>
  Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7) % 256)).toString('base64')

const LARGE = base64Of(INLINE_FILE_BYTES + 1)
const SMALL = base64Of(INLINE_FILE_BYTES)

const done = () => [...textParts('Done'), finishPart()]
const modelFile = (data: string, type: 'file' | 'reasoning-file' = 'file') => ({
  type,
  mediaType: 'image/png',
  data: { type: 'data' as const, data },
})

const ask = async (
  outlast: Awaited<ReturnType<typeof testOutlast>>,
  parts: readonly { type: string }[],
  chatId: string,
) => {
  const { run } = await outlast.engine.startTurn({
    principal: outlast.principal,
    chatId,
    message: { parts },
  })
  return run
}

/** What the live reader, a late one and the database have of a run; they have to agree. */
const everybody = async (outlast: Awaited<ReturnType<typeof testOutlast>>, text: string) => {
  const run = await outlast.ask(text, 'chat')
  const attachment = await outlast.engine.attachOwn(run, 'chat')
  const live = await collect(attachment)
  const late = await outlast.tail(run)
  const stored = await storedParts(outlast, run)
  expect(await messageParts(live.map(({ chunk }) => chunk))).toEqual(stored)
  expect(await messageParts(late.map(({ chunk }) => chunk))).toEqual(stored)
  return { run: await outlast.settled(run), stored: stored as { type: string; url?: string }[] }
}

const sizesOf = async ({ db }: Awaited<ReturnType<typeof testOutlast>>) => {
  const steps = await db.selectFrom('aiChatRunSteps').select('content').execute()
  const calls = await db.selectFrom('aiChatRunToolCalls').selectAll().execute()
  const messages = await db.selectFrom('aiChatMessages').select('metadata').execute()
  return [steps, calls, messages].map((rows) => JSON.stringify(rows).length)
}

describe('a large file', () => {
  const user = (url: string) => [
    { type: 'text', text: 'Look' },
    { type: 'file', mediaType: 'image/png', filename: 'a.png', url },
  ]
  const asked = (model: ScriptedModel, call = 0) =>
    comparable(model.prompts[call]!) as ModelMessage[]

  it('of a user is given to the model as a small one is', async () => {
    const model = scriptedModel(done)
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
    for (const [chatId, data] of Object.entries({ small: SMALL, large: LARGE }))
      await outlast.settled(await ask(outlast, user(`data:image/png;base64,${data}`), chatId))
    const [small, large] = [asked(model, 0), asked(model, 1)]
    expect(JSON.stringify(large)).toContain(LARGE)
    expect(JSON.parse(JSON.stringify(large).replaceAll(LARGE, SMALL))).toEqual(small)
    const { messages } = await outlast.chats.messages(outlast.principal, 'large', {})
    expect(fileIdOf(String(messages[0]!.parts[1]!['url']))).toBeDefined()
  })

  it('that is not there any more does not end the chat', async () => {
    const model = scriptedModel(done)
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
    await outlast.settled(await ask(outlast, user(`data:image/png;base64,${LARGE}`), 'chat'))
    await outlast.db.deleteFrom('aiChatFiles').execute()
    expect(await outlast.settled(await outlast.ask('And?', 'chat'))).toMatchObject({
      status: 'succeeded',
    })
    expect(JSON.stringify(asked(model, 1))).toContain('The file a.png is not there any more.')
  })

  it.for(['file', 'reasoning-file'] as const)(
    'that the model makes (%s) is kept, everybody gets its url, and the provider its bytes',
    async (type) => {
      const model = scriptedModel((call) =>
        call === 0 ? [modelFile(LARGE, type), modelFile(SMALL, type), ...done()] : done(),
      )
      await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
      const { run, stored } = await everybody(outlast, 'Draw')
      expect(run.status).toBe('succeeded')
      const [large, small] = stored.filter((part) => part.type === type)
      expect(small!.url).toBe(`data:image/png;base64,${SMALL}`)
      const id = fileIdOf(large!.url!)!
      const { engine, principal } = outlast
      expect(await engine.files.find(principal, id)).toMatchObject({ mediaType: 'image/png' })
      for (const size of await sizesOf(outlast)) expect(size).toBeLessThan(SMALL.length + 5000)
      await outlast.settled(await outlast.ask('Again', 'chat'))
      const answered = asked(model, 1).find(({ role }) => role === 'assistant')
      expect(JSON.stringify(answered)).toContain(LARGE)
      expect(JSON.stringify(answered)).toContain(SMALL)
      expect(outlast.errors).toEqual([])
    },
  )

  it('that the model makes stays although the attempt breaks, and is kept once', async () => {
    const model = scriptedModel((call) =>
      call === 0 ? [modelFile(LARGE)] : [modelFile(LARGE), ...done()],
    )
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })])
    const { run, stored } = await everybody(outlast, 'Draw')
    expect(run.status).toBe('succeeded')
    expect(stored.filter(({ type }) => type === 'file')).toHaveLength(1)
    expect(await outlast.db.selectFrom('aiChatFiles').select('id').execute()).toHaveLength(1)
  })

  const photo = (told: () => unknown) =>
    tool({
      inputSchema: z.object({}),
      execute: async () => 'taken',
      toModelOutput: () => ({ type: 'content', value: [told()] }) as never,
    })

  it.for([
    ['file', { type: 'file', mediaType: 'image/png', data: { type: 'data', data: LARGE } }],
    ['file-data', { type: 'file-data', mediaType: 'image/png', data: LARGE }],
    ['image-data', { type: 'image-data', mediaType: 'image/png', data: LARGE }],
  ] as const)(
    'that a tool gives the model (%s) stands beside the ledger, in this run and the next',
    async ([, told]) => {
      const model = scriptedModel((call) =>
        call === 0
          ? [...toolCallParts({ id: 'c1', name: 'photo', input: {} }), finishPart('tool-calls')]
          : done(),
      )
      const agent = defineAgent({ name: 'a', model, tools: { photo: photo(() => told) } })
      await using outlast = await testOutlast([agent])
      const { run } = await everybody(outlast, 'Go')
      expect(run.status).toBe('succeeded')
      for (const size of await sizesOf(outlast)) expect(size).toBeLessThan(5000)
      await outlast.settled(await outlast.ask('Again', 'chat'))
      for (const call of [1, 2]) {
        const result = asked(model, call).find(({ role }) => role === 'tool')
        expect(JSON.stringify(result)).toContain(LARGE)
      }
    },
  )

  it('is written although the database is away for a while, and nobody sees its url before', async () => {
    const model = scriptedModel(() => [modelFile(LARGE), ...done()])
    let refused = 0
    await using outlast = await testOutlast([defineAgent({ name: 'a', model })], {}, (ports) => {
      const fast = withFastClock(ports)
      const keep: typeof fast.files.keep = async (...args) => {
        refused += 1
        if (refused > 3) return fast.files.keep(...args)
        const { StoreUnavailableError } = await import('../../src/domain/errors.ts')
        throw new StoreUnavailableError('It is away.')
      }
      return { ...fast, files: { ...fast.files, keep } }
    })
    const { run } = await everybody(outlast, 'Draw')
    expect(run).toMatchObject({ status: 'succeeded', attempt: 0 })
    expect(refused).toBe(4)
    expect(outlast.errors).toHaveLength(1)
    expect(model.calls).toHaveLength(1)
  })
})

describe('an answer', () => {
  const run = async (agent: AgentDefinition, limits: Partial<Limits>) => {
    await using outlast = await testOutlast([agent], { limits })
    const answer = await everybody(outlast, 'Go')
    return { ...answer, errors: outlast.errors }
  }
  const textOf = (stored: readonly { type: string }[], type = 'text') =>
    stored.filter((part) => part.type === type).map((part) => (part as { text?: string }).text)

  it.for([
    ['at', 1000 - 64, 'succeeded'],
    ['beyond', 1001 - 64, 'failed'],
  ] as const)('with a step %s the limit', async ([, length, status]) => {
    const model = scriptedModel(() => [
      ...textParts(['x'.repeat(500), 'x'.repeat(length - 500)]),
      finishPart(),
    ])
    const limits = { stepChars: 1000 }
    const { run: settled, stored } = await run(defineAgent({ name: 'a', model }), limits)
    expect(settled.status).toBe(status)
    expect(textOf(stored)).toEqual(['x'.repeat(1000 - 64)])
    if (status === 'succeeded') return
    expect(settled).toMatchObject({
      errorCode: 'answer_too_large',
      error: 'The model said more than 1000 characters in one step, and was interrupted.',
    })
    expect(model.calls).toHaveLength(1)
  })

  it('that never ends is ended, and its call is closed', async () => {
    const model = scriptedModel(async function* () {
      for (let index = 0; ; index += 1) yield { type: 'text-start', id: `t${index}` } as const
    })
    const { run: settled } = await run(defineAgent({ name: 'a', model }), { stepChars: 10_000 })
    expect(settled).toMatchObject({ status: 'failed', errorCode: 'answer_too_large' })
  })

  it('whose tool input never ends is ended, and no tool acts', async () => {
    let acted = false
    const act = tool({ inputSchema: z.any(), execute: async () => (acted = true) })
    const input = { text: 'x'.repeat(5000) }
    const model = scriptedModel(() => [
      ...toolCallParts({ id: 'c1', name: 'act', input }),
      finishPart('tool-calls'),
    ])
    const agent = defineAgent({ name: 'a', model, tools: { act } })
    const { run: settled } = await run(agent, { stepChars: 1000 })
    expect(settled).toMatchObject({ status: 'failed', errorCode: 'answer_too_large' })
    expect(acted).toBe(false)
  })

  it('has a limit over all its steps, tool outputs included', async () => {
    const act = tool({ inputSchema: z.object({}), execute: async () => 'y'.repeat(3000) })
    const model = scriptedModel((call) => [
      ...toolCallParts({ id: `c${call}`, name: 'act', input: {} }),
      finishPart('tool-calls'),
    ])
    const agent = defineAgent({ name: 'a', model, tools: { act } })
    const { run: settled, stored } = await run(agent, { answerChars: 10_000 })
    expect(settled).toMatchObject({
      status: 'failed',
      errorCode: 'answer_too_large',
      error: 'The answer has more than 10000 characters, and was ended.',
    })
    expect(model.calls).toHaveLength(4)
    expect(JSON.stringify(stored).length).toBeLessThan(12_000)
  })

  it('with a file beyond the limit for files fails; one at the limit is kept', async () => {
    const model = scriptedModel(() => [modelFile(LARGE), ...done()])
    const agent = defineAgent({ name: 'a', model })
    const beyond = await run(agent, { fileBytes: INLINE_FILE_BYTES })
    expect(beyond.run).toMatchObject({ status: 'failed', errorCode: 'answer_too_large' })
    expect(beyond.stored.filter(({ type }) => type === 'file')).toEqual([])
    const at = await run(agent, { fileBytes: INLINE_FILE_BYTES + 1 })
    expect(at.run.status).toBe('succeeded')
  })
})
