import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type {
  LanguageModelV4CallOptions,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolResultPart,
} from '@ai-sdk/provider'
import { ToolLoopAgent, isStepCount } from 'ai'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDemoModel } from '../../src/agent/demo/model.ts'
import { createDemoTools } from '../../src/agent/demo/tools.ts'

const model = createDemoModel({ chunkDelayMs: 0 })

const toolNames = Object.keys(createDemoTools({ root: '/nowhere' }))
const tools: NonNullable<LanguageModelV4CallOptions['tools']> = toolNames.map((name) => ({
  type: 'function',
  name,
  inputSchema: { type: 'object' },
}))

const user = (text: string): LanguageModelV4Prompt => [
  { role: 'system', content: 'You are a demo.' },
  { role: 'user', content: [{ type: 'text', text }] },
]

const partsOf = async (
  options: LanguageModelV4CallOptions,
  from = model,
): Promise<LanguageModelV4StreamPart[]> => {
  const { stream } = await from.doStream(options)
  const parts: LanguageModelV4StreamPart[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

const textOf = (parts: readonly LanguageModelV4StreamPart[]): string =>
  parts.map((part) => (part.type === 'text-delta' ? part.delta : '')).join('')

const callsOf = (parts: readonly LanguageModelV4StreamPart[]) =>
  parts.filter((part) => part.type === 'tool-call')

type Output = LanguageModelV4ToolResultPart['output']

/** The prompt of the next step: the calls of this one with their results. */
const answered = (
  prompt: LanguageModelV4Prompt,
  parts: readonly LanguageModelV4StreamPart[],
  outputs: readonly (Output | undefined)[],
  rename = (id: string) => id,
): LanguageModelV4Prompt => {
  const calls = callsOf(parts)
  return [
    ...prompt,
    {
      role: 'assistant',
      content: calls.map(({ toolCallId, toolName, input }) => ({
        type: 'tool-call',
        toolCallId: rename(toolCallId),
        toolName,
        input: JSON.parse(input) as unknown,
      })),
    },
    {
      role: 'tool',
      content: calls.flatMap(({ toolCallId, toolName }, index) => {
        const output = outputs[index]
        return output
          ? [{ type: 'tool-result', toolCallId: rename(toolCallId), toolName, output }]
          : []
      }),
    },
  ]
}

const json = (value: unknown): Output => ({ type: 'json', value: value as never })

describe('one call of the demo model', () => {
  it('streams well-formed parts and says why it stops', async () => {
    const parts = await partsOf({ prompt: user('wait 1s and calculate 1+1, then say done'), tools })
    const deltas = new Set(['text-delta', 'reasoning-delta'])
    const types = parts.map(({ type }) => type)
    expect(types.filter((type, at) => !(deltas.has(type) && types[at - 1] === type))).toEqual([
      'stream-start',
      'response-metadata',
      'reasoning-start',
      'reasoning-delta',
      'reasoning-end',
      'text-start',
      'text-delta',
      'text-end',
      ...['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call'],
      ...['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call'],
      'finish',
    ])
    expect(callsOf(parts)).toEqual([
      { type: 'tool-call', toolCallId: 'call-1-1', toolName: 'wait', input: '{"seconds":1}' },
      {
        type: 'tool-call',
        toolCallId: 'call-1-2',
        toolName: 'calculate',
        input: '{"expression":"1+1"}',
      },
    ])
    expect(parts.at(-1)).toMatchObject({
      finishReason: { unified: 'tool-calls', raw: 'tool-calls' },
      usage: { inputTokens: { total: 12 }, raw: { estimate: 'words, not tokens' } },
    })
  })

  it('says what it is when greeted, asked, empty-handed or not understanding', async () => {
    for (const message of ['hello', 'what can you do?', '', 'write me a sonnet']) {
      const text = textOf(await partsOf({ prompt: user(message), tools }))
      expect(text).toContain('I am the built-in demo model of Outlast, not an LLM')
      expect(text).toContain('list files in docs')
    }
    expect(textOf(await partsOf({ prompt: user('sing a song'), tools }))).toContain('"sing a song"')
    expect(textOf(await partsOf({ prompt: [{ role: 'system', content: 'x' }] }))).toContain(
      'not an LLM',
    )
  })

  it('gives the same answer each time, and streams the text word by word', async () => {
    const options = { prompt: user('write a long story'), tools }
    const [first, second] = [await partsOf(options), await partsOf(options)]
    expect(second).toEqual(first)
    expect(first.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(750)
  })

  it('reads the last user message only', async () => {
    const prompt: LanguageModelV4Prompt = [
      ...user('read README.md'),
      {
        role: 'assistant',
        content: [{ type: 'tool-call', toolCallId: 'call-1-1', toolName: 'readFile', input: {} }],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'call-1-1', toolName: 'readFile', output: json({}) },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'calculate' },
          { type: 'text', text: '6 * 7' },
        ],
      },
    ]
    const parts = await partsOf({ prompt, tools })
    expect(callsOf(parts).map(({ toolName, toolCallId }) => [toolName, toolCallId])).toEqual([
      ['calculate', 'call-1-1'],
    ])
  })

  it('collects the same content when it is asked to generate', async () => {
    const prompt = user('list docs and wait 2s')
    const { content, finishReason, warnings } = await model.doGenerate({ prompt, tools })
    const parts = await partsOf({ prompt, tools })
    expect(content).toEqual([
      {
        type: 'reasoning',
        text: 'Plan of the demo model:\n1. list the files in docs and wait 2 seconds',
      },
      { type: 'text', text: textOf(parts) },
      ...callsOf(parts),
    ])
    expect([finishReason.unified, warnings]).toEqual(['tool-calls', []])
  })

  it('thinks aloud only where there are several things to do, and not when told not to', async () => {
    const hasReasoning = async (text: string, reasoning?: 'none') => {
      const prompt = user(text)
      const parts = await partsOf({ prompt, tools, ...(reasoning && { reasoning }) })
      return parts.some(({ type }) => type === 'reasoning-start')
    }
    expect(await hasReasoning('list files then wait 1s')).toBe(true)
    expect(await hasReasoning('list files')).toBe(false)
    expect(await hasReasoning('list files then wait 1s', 'none')).toBe(false)
  })

  it('cuts at the limit of the caller and then calls no tool', async () => {
    const parts = await partsOf({
      prompt: user('say one two three and list files'),
      tools,
      maxOutputTokens: 2,
    })
    expect([textOf(parts), callsOf(parts).length]).toEqual(['one two', 0])
    expect(parts.at(-1)).toMatchObject({ finishReason: { unified: 'length' } })
  })

  it('warns that it cannot write JSON', async () => {
    const [start] = await partsOf({ prompt: user('hi'), responseFormat: { type: 'json' } })
    expect(start).toMatchObject({ warnings: [{ type: 'unsupported', feature: 'responseFormat' }] })
  })
})

describe('the steps of the demo model', () => {
  const prompt = user('list docs and calculate 1/0, then read a.md')

  it('reports what came out, errors as errors, and goes on with the next step', async () => {
    const first = await partsOf({ prompt, tools })
    const listing = json({
      path: 'docs',
      entries: [{ path: 'a.md', type: 'file' }],
      truncated: false,
    })
    const error: Output = { type: 'error-text', value: 'This cannot be calculated: infinite.' }
    const second = await partsOf({ prompt: answered(prompt, first, [listing, error]), tools })
    expect(textOf(second)).toBe(
      [
        'docs holds 1 entry: a.md.',
        'I could not calculate 1/0: This cannot be calculated: infinite.',
        'Next I will read a.md.',
      ].join('\n\n'),
    )
    expect(callsOf(second)).toMatchObject([{ toolCallId: 'call-2-1', toolName: 'readFile' }])
  })

  it('calls no tool when none may be called, and says what it left out', async () => {
    const start = await partsOf({ prompt, tools, toolChoice: { type: 'none' } })
    expect([callsOf(start).length, textOf(start)]).toEqual([
      0,
      'I may not call tools in this answer, so I did not list the files in docs, calculate 1/0 and read a.md.',
    ])
    const done = answered(prompt, await partsOf({ prompt, tools }), [json({}), json({})])
    for (const options of [{ tools: [] }, {}]) {
      const last = await partsOf({ prompt: done, ...options })
      expect(callsOf(last)).toEqual([])
      expect(textOf(last)).toMatch(
        /I may not call tools in this answer, so I did not read a\.md\.$/,
      )
      expect(last.at(-1)).toMatchObject({ finishReason: { unified: 'stop' } })
    }
  })

  it('names a tool that it was not given and does the rest', async () => {
    const some = tools.filter(({ name }) => name !== 'calculate')
    const first = await partsOf({ prompt, tools: some })
    expect(textOf(first)).toContain(
      'I was not given the tool calculate, so I did not calculate 1/0.',
    )
    expect(callsOf(first).map(({ toolCallId }) => toolCallId)).toEqual(['call-1-1'])
    const second = await partsOf({ prompt: answered(prompt, first, [json({ odd: true })]), tools })
    expect(callsOf(second).map(({ toolCallId }) => toolCallId)).toEqual(['call-2-1'])
    expect(textOf(second)).not.toContain('calculate')
    const only = await partsOf({
      prompt,
      tools,
      toolChoice: { type: 'tool', toolName: 'calculate' },
    })
    expect(callsOf(only).map(({ toolName }) => toolName)).toEqual(['calculate'])
  })

  it('finds its place when the ids of its calls were rewritten', async () => {
    const first = await partsOf({ prompt, tools })
    const rename = (id: string) => `other_${id}`
    const second = answered(prompt, first, [json('x'), json('y')], rename)
    const parts = await partsOf({ prompt: second, tools })
    expect(callsOf(parts)).toMatchObject([{ toolName: 'readFile' }])
    const last = await partsOf({ prompt: answered(second, parts, [json('z')], rename), tools })
    expect(callsOf(last)).toEqual([])
    expect(textOf(last)).toContain('z')
  })

  it('tells missing, refused and unknown results as what they are', async () => {
    const first = await partsOf({ prompt, tools })
    const tell = async (...outputs: (Output | undefined)[]) =>
      textOf(await partsOf({ prompt: answered(prompt, first, outputs), tools }))
    expect(await tell(undefined, { type: 'execution-denied', reason: 'no' })).toContain(
      'I got no result when I tried to list the files in docs.\n\nI could not calculate 1/0: it was not allowed (no).',
    )
    expect(await tell(json({ cut: true }), { type: 'text', value: 'a ``` b' })).toContain(
      '```\n{"cut":true}\n```\n\nWhen I tried to calculate 1/0, I got:\n\n````\na ``` b\n````',
    )
    expect(
      await tell({ type: 'error-json', value: { code: 1 } }, { type: 'content', value: [] }),
    ).toContain('I could not list the files in docs: {"code":1}.')
  })

  it('comes to an end on any message and any results, with ids of their own for all calls', async () => {
    const words =
      'list read a.md search "x" count lines wait 1s calculate 1+1 and then , . it say fetch'
    const message = fc
      .array(fc.constantFrom(...words.split(' ')), { maxLength: 30 })
      .map((items) => items.join(' '))
    const output = fc.oneof(
      fc.jsonValue().map(json),
      fc.string().map((value): Output => ({ type: 'error-text', value })),
    )
    await fc.assert(
      fc.asyncProperty(message, fc.infiniteStream(output), async (text, outputs) => {
        let current = user(text)
        const ids: string[] = []
        for (let step = 0; step < 25; step += 1) {
          const parts = await partsOf({ prompt: current, tools })
          const calls = callsOf(parts)
          ids.push(...calls.map(({ toolCallId }) => toolCallId))
          expect(textOf(parts)).not.toBe('')
          if (calls.length === 0) {
            expect(new Set(ids).size).toBe(ids.length)
            return
          }
          current = answered(current, parts, [...outputs.take(calls.length)])
        }
        expect.unreachable('The demo model never ended.')
      }),
    )
  })
})

describe('the pace of the demo model', () => {
  const slow = createDemoModel({ chunkDelayMs: 60_000 })
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

  const inTheMiddle = async (abortSignal?: AbortSignal) => {
    const { stream } = await slow.doStream({
      prompt: user('hello'),
      ...(abortSignal && { abortSignal }),
    })
    const reader = stream.getReader()
    await reader.read()
    await reader.read()
    return { reader, next: reader.read() }
  }

  it('ends at once with the reason of an abort and leaves no timer', async () => {
    const before = timers()
    const stop = new AbortController()
    const { next } = await inTheMiddle(stop.signal)
    expect(timers()).toBe(before + 1)
    stop.abort({ kind: 'stop' })
    await expect(next).rejects.toEqual({ kind: 'stop' })
    expect(timers()).toBe(before)
  })

  it('ends when nobody reads any more, and leaves no timer', async () => {
    const before = timers()
    const { reader, next } = await inTheMiddle()
    await reader.cancel()
    await expect(next).resolves.toEqual({ done: true, value: undefined })
    expect(timers()).toBe(before)
  })

  it('starts nothing when it is aborted already', async () => {
    const abortSignal = AbortSignal.abort('stopped')
    await expect(slow.doStream({ prompt: user('hi'), abortSignal })).rejects.toBe('stopped')
  })

  it('stops between two words when it streams without pauses', async () => {
    const stop = new AbortController()
    const { stream } = await model.doStream({
      prompt: user('count to 1000'),
      abortSignal: stop.signal,
    })
    const reader = stream.getReader()
    for (let n = 0; n < 10; n += 1) await reader.read()
    stop.abort('stopped')
    await expect(reader.read()).rejects.toBe('stopped')
  })
})

describe('the demo agent with its real tools', () => {
  let root: string

  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'outlast-demo-'))
    await mkdir(path.join(root, 'docs'))
    await writeFile(path.join(root, 'docs/my notes.md'), 'one two\nthree needle\n')
    await writeFile(path.join(root, 'a.txt'), 'alpha')
  })

  afterEach(() => rm(root, { recursive: true, force: true }))

  const ask = async (prompt: string, allowHosts: string[] = []): Promise<string> => {
    const agent = new ToolLoopAgent({
      model,
      tools: createDemoTools({ root, allowHosts }),
      stopWhen: isStepCount(10),
    })
    const { steps } = await agent.generate({ prompt })
    return steps.map(({ text }) => text).join('\n--\n')
  }

  it('lists, reads, searches and counts files', async () => {
    const text = await ask(
      'List files. Then read "docs/my notes.md" and search for "needle", then count the words and lines in it and the files in docs',
    )
    expect(text).toContain('The shared folder holds 2 entries: a.txt, docs/.')
    expect(text).toContain('begins like this:\n\n```\none two\nthree needle\n```')
    expect(text).toContain('"needle" is in 1 line (2 files searched):')
    expect(text).toContain('docs/my notes.md:2: three needle')
  })

  it('counts what was asked for', async () => {
    expect(await ask('count words and lines in "docs/my notes.md"')).toContain(
      'docs/my notes.md has 2 lines and 4 words.',
    )
    expect(await ask('how many files are in docs?')).toContain(
      'docs holds 1 file and 0 folders; with everything below, 1 file.',
    )
  })

  it('waits, calculates and tells errors', async () => {
    const text = await ask(
      'wait 10ms and calculate 2 + 3 * (4 - 1), then read nope.txt and read ../x',
    )
    expect(text).toContain('I waited 0.01 seconds.\n\n2 + 3 * (4 - 1) = 11')
    expect(text).toContain('I could not read nope.txt: There is no file or folder nope.txt')
    expect(text).toContain('I could not read ../x: ../x is outside the folder')
  })

  it('fetches what the operator allows and nothing else that is local', async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('hello from here')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      expect(await ask(`fetch http://${host}/x.`, [host])).toContain(
        `http://${host}/x answered with status 200 (text/plain, 15 characters):\n\n\`\`\`\nhello from here`,
      )
      expect(await ask(`fetch http://${host}/x.`)).toContain('not on the public internet')
    } finally {
      server.close()
    }
  })
})
