import { describe, expect, it } from 'vitest'
import { connect, openAccount, startHttpProgram, stdioServer } from './support.ts'
import type { McpServer } from '../../src/agent/mcp/options.ts'

const WAYS = ['stdio', 'http'] as const

const withServer = async (
  way: (typeof WAYS)[number],
  settings: Partial<McpServer>,
  test: (
    use: Awaited<ReturnType<typeof connect>>,
    account: Awaited<ReturnType<typeof openAccount>>,
  ) => Promise<void>,
) => {
  await using account = await openAccount()
  if (way === 'stdio') {
    await using use = await connect({ it: { ...stdioServer(account), ...settings } as McpServer })
    return await test(use, account)
  }
  await using program = await startHttpProgram(account)
  const headers = { authorization: 'Bearer s3cret' }
  await using use = await connect({ it: { url: program.url, headers, ...settings } as McpServer })
  return await test(use, account)
}

describe.each(WAYS)('a server over %s', (way) => {
  it('gives its tools under names, and with schemas, that every provider takes', () =>
    withServer(way, {}, async ({ mcp, errors }) => {
      const tools = await mcp.tools()
      expect(Object.keys(tools)).toContain('it_echo')
      for (const name of Object.keys(tools)) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
      expect(Object.keys(tools).filter((name) => name.startsWith('it_odd_name_1_'))).toHaveLength(1)
      expect(tools['it_echo']).toMatchObject({
        type: 'dynamic',
        title: 'Echo',
        description: 'Says it again.',
        idempotent: false,
        inputSchema: {
          jsonSchema: {
            type: 'object',
            properties: { text: { type: 'string' } },
            additionalProperties: false,
          },
        },
      })
      expect(errors).toEqual([])
    }))

  it('answers in words, values and pictures, for people and for models', () =>
    withServer(way, {}, async ({ call }) => {
      expect(await call('it_echo', { text: 'Hi\u0000' })).toEqual({
        type: 'final',
        output: { content: [{ type: 'text', text: 'Hi' }] },
        modelOutput: { type: 'text', value: 'Hi' },
      })
      expect((await call('it_weather')).modelOutput).toEqual({
        type: 'json',
        value: { degrees: 21 },
      })
      const { output, modelOutput } = await call('it_picture')
      expect(output).toMatchObject({ content: [{}, { type: 'image' }, {}, { type: 'resource' }] })
      expect(modelOutput).toEqual({
        type: 'content',
        value: [
          { type: 'text', text: 'A dot:' },
          // What its bytes are, whatever the server says.
          {
            type: 'file',
            mediaType: 'image/png',
            data: { type: 'data', data: expect.any(String) },
          },
          { type: 'text', text: '[A file of 10 bytes, image/png, which is not shown.]' },
          { type: 'text', text: 'of a file' },
        ],
      })
    }))

  it('that says a call failed makes it fail, in its words', () =>
    withServer(way, {}, async ({ call }) => {
      await expect(call('it_fail')).rejects.toThrow('It is closed today.')
      await expect(call('it_echo', { text: 5 })).rejects.toThrow(/text/)
    }))

  it('is told when a call is not wanted any more', () =>
    withServer(way, {}, async ({ call }, account) => {
      const control = new AbortController()
      const called = call('it_act', {}, control.signal)
      await account.has('began', 'act')
      const reason = { kind: 'stop' }
      control.abort(reason)
      await expect(called).rejects.toBe(reason)
      await account.has('withdrawn', 'act')
    }))

  it('has the time for a call that it was given', () =>
    withServer(way, { timeoutMs: 50 }, async ({ call }, account) => {
      await expect(call('it_act')).rejects.toThrow(
        'The tool "it_act" did not answer within 0.05 s: whether the call took effect is unknown.',
      )
      await account.has('withdrawn', 'act')
    }))

  it('that sends more than one answer may have loses the call, and is used again', () =>
    withServer(way, {}, async ({ call }) => {
      await expect(call('it_huge', { size: 33 * 1024 * 1024 })).rejects.toThrow(
        /sent more than 32 MB|whether the call took effect is unknown/,
      )
      expect(await call('it_huge', { size: 1000 })).toMatchObject({
        modelOutput: { value: 'x'.repeat(1000) },
      })
    }))

  it('that dies in a call leaves the outcome unknown', () =>
    withServer(way, {}, async ({ call }, account) => {
      await expect(call('it_die')).rejects.toThrow(
        /"it" was asked, .* whether the call took effect is unknown/,
      )
      await account.has('began', 'die')
    }))

  it('offers the tools of its allow-list only, and those that are missing are reported once', () =>
    withServer(way, { tools: ['echo', 'gone'] }, async ({ names, errors }) => {
      expect(await names()).toEqual(['it_echo'])
      expect(await names()).toEqual(['it_echo'])
      expect(errors).toEqual(['The MCP server "it" has no "gone".'])
    }))

  it('is believed what it says of its tools only when the operator says so', async () => {
    const idempotentTools = (settings: Partial<McpServer>) =>
      new Promise<string[]>((resolve, reject) => {
        withServer(way, settings, async ({ mcp }) => {
          const tools = Object.entries(await mcp.tools())
          resolve(tools.filter(([, { idempotent }]) => idempotent).map(([name]) => name))
        }).catch(reject)
      })
    expect(await idempotentTools({})).toEqual([])
    expect(await idempotentTools({ trustAnnotations: true })).toEqual(['it_look'])
  })
})
