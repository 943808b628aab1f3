/** What an application's version of the AI SDK can take back: without `reset-step` it would show a step twice. */
import { readUIMessageStream, type UIMessageChunk } from 'ai'
import { StepRepeatedError } from './errors.ts'
import type { RunFrame } from './feed/feed.ts'

/**
 * Frames for the AI SDK, which takes a step back at `reset-step` since 7.0.70.
 * @throws StepRepeatedError where it does not
 */
export async function* takenBack(frames: AsyncIterable<RunFrame>): AsyncGenerator<RunFrame> {
  for await (const frame of frames) {
    if (frame.chunk.type === 'reset-step' && !(await takesBack()))
      throw new StepRepeatedError(
        'A step of the answer is made again, and this version of the AI SDK cannot take back what it shows: load the chat again. `ai` can from 7.0.70 on.',
      )
    yield frame
  }
}

let answer: Promise<boolean> | undefined

/** Asks the AI SDK itself: an application may have more than one version of it, and a page knows none by its number. */
const takesBack = (): Promise<boolean> => (answer ??= tryIt())

const TRIAL: readonly UIMessageChunk[] = [
  { type: 'start', messageId: 'trial' },
  { type: 'start-step' },
  { type: 'text-start', id: '0' },
  { type: 'text-end', id: '0' },
  { type: 'reset-step' },
  { type: 'message-metadata', messageMetadata: {} },
]

const tryIt = async (): Promise<boolean> => {
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of TRIAL) controller.enqueue(chunk)
      controller.close()
    },
  })
  let parts: readonly { readonly type: string }[] = []
  for await (const message of readUIMessageStream({ stream })) parts = message.parts
  return !parts.some(({ type }) => type === 'text')
}
