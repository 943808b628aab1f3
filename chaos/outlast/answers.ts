/** Answers of Outlast, as a client reads them: frames, the questions in them, and the message that they make. */
import { readUIMessageStream, type UIMessage, type UIMessageChunk } from 'ai'
import { readSse } from '../../src/protocol/sse-decoder.ts'
import { EndedTooSoonError, NotNowError, type Frame, type Question } from '../adapter.ts'
import { callNumber } from '../script.ts'

/** @throws EndedTooSoonError when the response ends in good order before the answer is complete */
export async function* framesOf(response: Response): AsyncGenerator<Frame, void> {
  if (response.status !== 200) throw new NotNowError(`${response.status} ${await response.text()}`)
  for await (const { id, data } of readSse(response.body!)) {
    if (data === '[DONE]') return
    yield { id, chunk: JSON.parse(data) }
  }
  throw new EndedTooSoonError('The stream ended without its last word.')
}

export async function* withFirst(
  first: Frame,
  rest: AsyncIterable<Frame>,
): AsyncGenerator<Frame, void> {
  yield first
  yield* rest
}

export const runOf = ({ chunk }: Frame): string =>
  (chunk as { messageMetadata: { runId: string } }).messageMetadata.runId

export const questionsOf = (chunks: readonly UIMessageChunk[]): Question[] => {
  const open = new Map<string, Question>()
  let step = -1
  for (const chunk of chunks) {
    const { type } = chunk as { readonly type: string }
    if (type === 'start-step') step += 1
    // What the step asks is asked again.
    if (type === 'reset-step')
      for (const question of open.values()) if (question.step === step) open.delete(question.id)
    if (chunk.type === 'tool-approval-response') open.delete(chunk.approvalId)
    if (chunk.type === 'tool-approval-request') {
      const { approvalId: id, toolCallId } = chunk
      open.set(id, { id, step, call: callNumber(toolCallId) })
    }
  }
  return [...open.values()]
}

/** As the AI SDK's client puts them together. */
export const partsOf = async (chunks: readonly UIMessageChunk[]): Promise<unknown[]> => {
  const stream = new ReadableStream<UIMessageChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      // Without it the last state is not always told.
      controller.enqueue({ type: 'message-metadata', messageMetadata: { told: true } })
      controller.close()
    },
  })
  let message: UIMessage | undefined
  const errors: string[] = []
  const onError = (error: unknown) => void errors.push(String(error))
  for await (const next of readUIMessageStream({ stream, onError })) message = next
  // What the run says of its own failure is no part of the message; what the client cannot read is a fault of the server.
  const said = chunks.flatMap((chunk) =>
    chunk.type === 'error' ? [`Error: ${chunk.errorText}`] : [],
  )
  const unreadable = errors.filter((error) => !said.includes(error))
  const parts = JSON.parse(JSON.stringify(message?.parts ?? [])) as unknown[]
  return [...parts, ...unreadable.map((error) => ({ unreadable: error }))]
}
