import { expect, it } from 'vitest'
import { RunReader } from '../../../src/client/feed/run-reader.ts'

const delta = (n: number) => ({
  offset: `1-${n}`,
  chunk: { type: 'text-delta' as const, id: '0', delta: `${n} ` },
})

it('what nobody takes is kept as text, not as frames', async () => {
  const reader = new RunReader('r', '')
  for (let n = 0; n < 100_000; n += 1) reader.push(delta(n))
  reader.push({ offset: '1-100000', chunk: { type: 'text-end', id: '0' } })
  expect(reader.position).toBe('1-100000')
  reader.end()
  const frames = []
  for await (const frame of reader.frames()) frames.push(frame)
  expect(frames.map(({ offset }) => offset)).toEqual(['1-99999', '1-100000'])
})

it('deltas of other parts, and those that a provider says something of, stay apart', async () => {
  const reader = new RunReader('r', '')
  reader.push(delta(1))
  reader.push({ offset: '1-2', chunk: { type: 'text-delta', id: '1', delta: 'b' } })
  reader.push({ offset: '1-3', chunk: { type: 'reasoning-delta', id: '1', delta: 'c' } })
  const providerMetadata = { some: { signature: 'x' } }
  reader.push({
    offset: '1-4',
    chunk: { type: 'reasoning-delta', id: '1', delta: 'd', providerMetadata },
  })
  reader.push({
    offset: '1-5',
    chunk: { type: 'tool-input-delta', toolCallId: 't', inputTextDelta: '{' },
  })
  reader.push({
    offset: '1-6',
    chunk: { type: 'tool-input-delta', toolCallId: 't', inputTextDelta: '}' },
  })
  reader.end()
  const offsets = []
  for await (const { offset } of reader.frames()) offsets.push(offset)
  expect(offsets).toEqual(['1-1', '1-2', '1-3', '1-4', '1-6'])
})
