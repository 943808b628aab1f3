/** `outlast runs tail`: follows a run to its end through lost connections, always from where it stood. */
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { isRetryable } from '../domain/errors.ts'
import { runAnswer } from '../protocol/answers.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import { readSse } from '../protocol/sse-decoder.ts'
import { ask, askJson } from './api.ts'
import { NothingFoundError, RefusedError, RunEndedBadlyError } from './errors.ts'
import { callLine, failureLine, resultLine } from './messages.ts'
import { plain, safeJson } from './plain.ts'
import type { Reach } from './reach.ts'
import { note, type Shell } from './shell.ts'

export type TailOptions = {
  readonly json?: true
  readonly after?: string
  readonly exitStatus?: true
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 5000

export const tailRun = async (
  shell: Shell,
  reach: Reach,
  runId: string,
  { json, after, exitStatus }: TailOptions,
): Promise<void> => {
  const show = json ? showJson(shell) : showText(shell)
  for await (const frame of follow(shell, reach, runId, after)) show(frame)
  if (!exitStatus) return
  const { run } = await askJson(reach, runAnswer, pathOf(ROUTES.runRecord, { runId }))
  if (run.status !== 'succeeded')
    throw new RunEndedBadlyError(`The run did not succeed: it is ${run.status}.`)
}

const chunkSchema = z.looseObject({ type: z.string() })
type Frame = { readonly offset: string; readonly chunk: z.output<typeof chunkSchema> }

/** A stream that ends without `[DONE]` is a broken one. */
async function* follow(
  shell: Shell,
  reach: Reach,
  runId: string,
  after: string | undefined,
): AsyncGenerator<Frame> {
  const { signal } = shell
  let position = after
  let attached = false
  for (let failures = 0; ; failures++) {
    try {
      const body = await attach(reach, runId, position, signal)
      attached = true
      for await (const { data, id } of readSse(body)) {
        if (data === '[DONE]') return
        yield { offset: id, chunk: chunkSchema.parse(JSON.parse(data)) }
        position = id
        failures = 0
      }
    } catch (error) {
      if (signal.aborted || !attached || !isBrokenConnection(error)) throw error
    }
    signal.throwIfAborted()
    if (failures === 0) note(shell, '(connection lost; trying again)')
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS), undefined, { signal })
  }
}

const attach = async (
  reach: Reach,
  runId: string,
  after: string | undefined,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> => {
  const headers = after === undefined ? {} : { 'last-event-id': after }
  const { body } = await ask(reach, pathOf(ROUTES.runStream, { runId }), { headers, signal })
  if (body) return body
  throw new NothingFoundError(
    'This run is bound to the connection that began it: nobody else reads it.',
  )
}

/** What `fetch` throws in the middle of a body, and what a server says that is about to be there again. */
const isBrokenConnection = (error: unknown): boolean =>
  isRetryable(error) || (error instanceof TypeError && !(error instanceof RefusedError))

const showJson =
  ({ stdout }: Shell) =>
  (frame: Frame): void =>
    void stdout.write(`${safeJson(frame)}\n`)

/** What is said goes to the output; what is done about it is told beside it. */
const showText = (shell: Shell) => {
  const { stdout } = shell
  let isLineOpen = false
  const endLine = () => {
    if (isLineOpen) stdout.write('\n')
    isLineOpen = false
  }
  const aside = (line: string) => {
    endLine()
    note(shell, line)
  }
  return ({ chunk }: Frame): void => {
    const { type } = chunk
    if (type === 'text-delta') {
      const text = plain(String(chunk['delta']))
      stdout.write(text)
      if (text !== '') isLineOpen = !text.endsWith('\n')
    } else if (type === 'text-end' || type === 'finish') endLine()
    else if (type === 'reset-step') aside('(the step begins again)')
    else if (type === 'abort') aside('(stopped)')
    else if (type === 'error') aside(failureLine(chunk['errorText']))
    else if (type === 'tool-input-available')
      aside(callLine(String(chunk['toolName']), chunk['input']))
    else if (type === 'tool-approval-request')
      aside(`? the call ${String(chunk['toolCallId'])} waits for an approval`)
    else if (type === 'tool-output-available') aside(resultLine(chunk['output']))
    else if (type === 'tool-output-error') aside(failureLine(chunk['errorText']))
  }
}
