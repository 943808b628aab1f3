import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeSse, SSE_DONE, SSE_KEEP_ALIVE } from '../../src/protocol/sse.ts'
import { readSse, SseDecoder, type SseMessage } from '../../src/protocol/sse-decoder.ts'

const decode = (...pieces: string[]): SseMessage[] => {
  const decoder = new SseDecoder()
  return pieces.flatMap((piece) => decoder.push(piece))
}
const message = (data: string, id = '', event = 'message') => ({ event, data, id })

describe('server-sent events', () => {
  it('are one line of JSON, with an id where there is one', () => {
    const chunk = { type: 'text-delta', id: '0', delta: 'a\n\r\u2028b' }
    expect(encodeSse(chunk)).toBe(
      'data: {"type":"text-delta","id":"0","delta":"a\\n\\r\u2028b"}\n\n',
    )
    expect(encodeSse({}, '1-2.3')).toBe('id: 1-2.3\ndata: {}\n\n')
  })

  it('survive every way of cutting the stream into pieces', () => {
    const values = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.boolean()), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(values, fc.array(fc.nat(), { maxLength: 12 }), (sent, cuts) => {
        const stream = sent
          .map(([value, keep], n) => encodeSse(value, `1-${n}`) + (keep ? SSE_KEEP_ALIVE : ''))
          .concat(SSE_DONE)
          .join('')
        const ends = cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b)
        const pieces = [...ends, stream.length].map((end, i) => stream.slice(ends[i - 1] ?? 0, end))
        expect(decode(...pieces)).toEqual([
          ...sent.map(([value], n) => message(JSON.stringify(value), `1-${n}`)),
          message('[DONE]', sent.length > 0 ? `1-${sent.length - 1}` : ''),
        ])
      }),
    )
  })
})

describe('the decoder', () => {
  it('takes every line end of the standard, also in two pieces', () => {
    const expected = [message('a\nb'), message('c')]
    for (const end of ['\n', '\r\n', '\r'])
      expect(decode(...[...['data: a', 'data: b', '', 'data:c', '', ''].join(end)])).toEqual(
        expected,
      )
  })

  it('drops comments, unknown fields, messages without data and one that is not complete', () => {
    expect(decode('\uFEFF: hello\nfoo: bar\n\nevent: x\n\ndata\n\ndata: cut off\n')).toEqual([
      message(''),
    ])
  })

  it('keeps the last id, resets it when told so, and ignores one with a NUL', () => {
    const decoder = new SseDecoder()
    expect(
      decoder.push('id: 1\ndata: a\n\ndata: b\n\nid: 2\0\nid\ndata: c\n\nid: 9\ndata: d'),
    ).toEqual([message('a', '1'), message('b', '1'), message('c')])
    expect(decoder.lastEventId).toBe('')
    expect(decoder.push('\n\n')).toEqual([message('d', '9')])
    expect(decoder.lastEventId).toBe('9')
  })

  it('reads event names and the pause before a reconnect', () => {
    const decoder = new SseDecoder()
    expect(decoder.push('retry: 1500\nretry: soon\nevent: note\ndata: a\n\n')).toEqual([
      message('a', '', 'note'),
    ])
    expect(decoder.retryMs).toBe(1500)
  })

  it('reads a body whose characters are cut in two, and cancels it when its reader stops', async () => {
    const bytes = new TextEncoder().encode('data: zwölf €\n\ndata: 2\n\n')
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      },
      cancel: () => void (cancelled = true),
    })
    for await (const { data } of readSse(body)) {
      expect(data).toBe('zwölf €')
      break
    }
    expect(cancelled).toBe(true)
  })
})
