import fc from 'fast-check'
import { readUIMessageStream, type UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import type { Chunk } from '../../src/engine/chunks.ts'
import { uiParts } from '../../src/engine/tail/ui-parts.ts'
import { Client } from './replay/client.ts'
import { live } from './replay/play.ts'
import { runScript } from './replay/run-script.ts'

const messageOf = async (chunks: readonly Chunk[]): Promise<UIMessage['parts']> => {
  const stream = new ReadableStream<Chunk>({
    start(controller) {
      controller.enqueue({ type: 'start', messageId: 'm' })
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.enqueue({ type: 'message-metadata', messageMetadata: { told: true } })
      controller.close()
    },
  })
  let message: UIMessage | undefined
  const failures: unknown[] = []
  for await (const next of readUIMessageStream({
    stream,
    onError: (error) => failures.push(error),
  }))
    message = next
  expect(failures.filter((error) => !String(error).includes('It broke.'))).toEqual([])
  return JSON.parse(JSON.stringify(message?.parts ?? []))
}

describe('a reader of a run', () => {
  it('ends with the persisted message, whatever was cut, voided or taken over', async () => {
    await fc.assert(
      fc.asyncProperty(runScript, async (script) => {
        const { world, clients } = await live(script)
        using _log = world.log
        const expected = JSON.parse(JSON.stringify(uiParts(world.view)))
        for (const client of clients) {
          for (let pulls = 0; pulls < 20; pulls++) await client.pull(world)
          expect(client.ended).toBe(true)
          expect(await messageOf(client.frames.map(({ chunk }) => chunk))).toEqual(expected)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('resolves every id that was ever sent, also after the run settled and the log is gone', async () => {
    await fc.assert(
      fc.asyncProperty(runScript, async (script) => {
        const { world, clients } = await live(script)
        for (const client of clients) await client.pull(world)
        world.log[Symbol.dispose]()
        const expected = JSON.parse(JSON.stringify(uiParts(world.view)))
        for (const client of clients) {
          for (let had = 0; had <= client.frames.length; had++) {
            const again = new Client()
            again.frames = client.frames.slice(0, had)
            await again.pull(world)
            expect(again.ended).toBe(true)
            expect(await messageOf(again.frames.map(({ chunk }) => chunk))).toEqual(expected)
          }
        }
      }),
      { numRuns: 120 },
    )
  })
})
