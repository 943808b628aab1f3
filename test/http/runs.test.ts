import { tool } from 'ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { finishPart, scriptedModel, textParts, toolCallParts } from '../support/scripted-model.ts'
import { chunksOf, serveEngine, serving, turn, type Serving } from './serving.ts'

/** Asks a tool in its first step, answers in the second. */
const agent = () => {
  const model = scriptedModel((call) =>
    call % 2 === 0
      ? [...toolCallParts({ id: 't1', name: 'add', input: { a: 1 } }), finishPart('tool-calls')]
      : [...textParts('Two'), finishPart()],
  )
  const add = tool({ inputSchema: z.object({ a: z.number() }), execute: ({ a }) => a + 1 })
  return defineAgent({ name: 'adder', instructions: 'Add well.', model, tools: { add } })
}

type Run = { id: string; chatId: string; status: string; stepCount: number; usage: object }
type Listed = { runs: Run[]; after?: string }

let server: Serving
beforeAll(async () => {
  server = await serving(agent())
  for (const chatId of ['c1', 'c2', 'c3'])
    await chunksOf(await server.post('/ai-chat', turn(chatId, `Add ${chatId}`)))
})
afterAll(() => server[Symbol.asyncDispose]())

const read = async <T = unknown>(path: string): Promise<T> =>
  (await (await server.get(path)).json()) as T
const idOf = async (chatId: string): Promise<string> =>
  (await read<Listed>(`/ai-chat/runs?chat=${chatId}`)).runs[0]!.id

describe('the list of runs', () => {
  it('has the newest first, page after page', async () => {
    const first = await read<Listed>('/ai-chat/runs?limit=2')
    expect(first.runs.map(({ chatId }) => chatId)).toEqual(['c3', 'c2'])
    const second = await read<Listed>(`/ai-chat/runs?limit=2&after=${first.after}`)
    expect(second.runs.map(({ chatId }) => chatId)).toEqual(['c1'])
    expect(second.after).toBeUndefined()
  })

  it('takes filters, alone and together, and says which states there are', async () => {
    const count = async (query: string) =>
      (await read<Listed>(`/ai-chat/runs?${query}`)).runs.length
    expect(await count('status=succeeded')).toBe(3)
    expect(await count('status=failed,active')).toBe(0)
    expect(await count('status=settled&trigger=user&agent=adder&chat=c1')).toBe(1)
    expect(await count('agent=other')).toBe(0)
    expect(await count('trigger=api')).toBe(0)
    expect(await count('chat=none')).toBe(0)
    const now = new Date().toISOString()
    expect(await count(`from=2026-01-01T00:00:00%2B01:00&to=${now}&minCost=0`)).toBe(0)
    expect(await count(`from=2026-01-01T00:00:00Z&to=${now}`)).toBe(3)
    expect(await count(`from=${now}`)).toBe(0)
    expect(await count('error=max_steps')).toBe(0)
    const refused = ['from=yesterday', 'to=2026-01-01', 'minCost=-1', 'minCost=1.5', 'minCost=x']
    for (const query of ['status=done', 'status=', 'trigger=x', 'chat=runs', ...refused])
      expect(await read(`/ai-chat/runs?${query}`), query).toMatchObject({
        code: 'INVALID_REQUEST',
        detail: expect.stringContaining('In the query, '),
      })
  })
})

describe('a run', () => {
  it('has what it used over its steps, and its answer', async () => {
    const id = await idOf('c1')
    const { steps } = await read<{ steps: { usage: { outputTokens: number } }[] }>(
      `/ai-chat/runs/${id}/steps`,
    )
    const outputTokens = steps.reduce((sum, { usage }) => sum + usage.outputTokens, 0)
    expect(outputTokens).toBeGreaterThan(0)
    expect(await read(`/ai-chat/runs/${id}`)).toMatchObject({
      run: {
        ...{ id, chatId: 'c1', chatTitle: 'Add c1', agent: 'adder', stepCount: 2, epoch: 1 },
        ...{ models: ['scripted/scripted-1'], usage: { outputTokens } },
      },
      message: { role: 'assistant', status: 'completed', metadata: { runId: id, chatId: 'c1' } },
      holds: [{ epoch: 1, worker: expect.stringMatching(/^[0-9a-f]{12}$/), end: 'settled' }],
    })
  })

  it('has steps with what they asked, said and did, and nothing of a provider', async () => {
    const id = await idOf('c2')
    const { db } = server.outlast
    const row = await db
      .selectFrom('aiChatRunSteps')
      .select('content')
      .where('runId', '=', id)
      .where('stepIndex', '=', 1)
      .executeTakeFirstOrThrow()
    const signed = row.content.map((part) => ({ ...part, providerMetadata: { p: { sig: 'XYZ' } } }))
    await db
      .updateTable('aiChatRunSteps')
      .set({ content: JSON.stringify(signed) })
      .where('runId', '=', id)
      .where('stepIndex', '=', 1)
      .execute()
    const answer = await read<{ steps: unknown[] }>(`/ai-chat/runs/${id}/steps`)
    expect(answer.steps).toMatchObject([
      {
        stepIndex: 0,
        finishReason: 'tool-calls',
        request: { instructions: 'Add well.', tools: ['add'] },
        parts: [{ type: 'tool-call', toolName: 'add', input: { a: 1 } }],
        calls: [{ toolCallId: 't1', status: 'succeeded', input: { a: 1 }, output: 2, attempt: 1 }],
      },
      { stepIndex: 1, finishReason: 'stop', parts: [{ type: 'text', text: 'Two' }], calls: [] },
    ])
    expect(JSON.stringify(answer)).not.toContain('XYZ')
    expect(JSON.stringify(answer)).not.toContain('providerMetadata')
  })

  it('knows what each step told its model', async () => {
    const id = await idOf('c3')
    const prompt = (step: number | string) => read(`/ai-chat/runs/${id}/steps/${step}/prompt`)
    const question = { role: 'user', content: [{ type: 'text', text: 'Add c3' }] }
    expect(await prompt(0)).toEqual({
      instructions: 'Add well.',
      messages: [question],
      messagesReplaced: false,
    })
    expect(await prompt(1)).toMatchObject({
      instructions: 'Add well.',
      messages: [
        question,
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 't1' }] },
        { role: 'tool', content: [{ type: 'tool-result', output: { type: 'json', value: 2 } }] },
      ],
    })
    for (const step of [2, 'x', -1, '1e9'])
      expect(await prompt(step), String(step)).toMatchObject({ code: 'STEP_NOT_FOUND' })
  })

  it('of somebody else looks like none, on every route', async () => {
    const id = await idOf('c1')
    const principal = { workspaceId: 'w1', userId: 'stranger' }
    await server.outlast.principals.ensure(principal)
    const { http, url } = await serveEngine(server.outlast, server.errors, {}, principal)
    for (const runId of [id, 'none', 'a%00b'])
      for (const path of ['', '/steps', '/steps/0/prompt']) {
        const response = await fetch(`${url}/ai-chat/runs/${runId}${path}`)
        expect(await response.json(), path).toMatchObject({
          status: 404,
          code: 'RUN_NOT_FOUND',
          detail: `There is no run ${decodeURIComponent(runId)} here.`,
        })
      }
    expect(await (await fetch(`${url}/ai-chat/runs`)).json()).toEqual({ runs: [] })
    await http.close(0)
    expect(server.errors).toEqual([])
  })
})
