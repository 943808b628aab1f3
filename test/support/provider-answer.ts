/** Plays one scripted turn onto an HTTP response, as an event stream or as one JSON body. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Action, Delta, FinishReason, ToolCallDelta, Turn, Usage } from './provider-turns.ts'

export type Answer = { response: ServerResponse; model: string; stream: boolean; index: number }

/** Returns when the answer has ended, or when the client is gone. */
export const playTurn = async (turn: Turn, answer: Answer): Promise<void> => {
  const actions = numberToolCalls(turn.flat())
  const gone = once(answer.response, 'close')
  const play = answer.stream ? playStream(actions, answer) : playWhole(actions, answer)
  await Promise.race([play, gone])
}

/** Gives each tool call its position among the calls of the turn. */
const numberToolCalls = (actions: readonly Action[]): Action[] => {
  let last = -1
  const number = (delta: ToolCallDelta): ToolCallDelta => {
    if (delta.id !== undefined) last += 1
    return { index: last, ...delta }
  }
  return actions.map((action) => {
    if (action.type !== 'delta' || action.delta.tool_calls === undefined) return action
    return { type: 'delta', delta: { tool_calls: action.delta.tool_calls.map(number) } }
  })
}

const playStream = async (actions: readonly Action[], answer: Answer): Promise<void> => {
  const { response } = answer
  const envelope = {
    id: `chatcmpl-${answer.index}`,
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: answer.model,
  }
  const frame = (choices: unknown[], rest: object = {}) =>
    send(response, `data: ${JSON.stringify({ ...envelope, choices, ...rest })}\n\n`)
  const choice = (delta: Delta, reason: FinishReason | null = null) =>
    frame([{ index: 0, delta, finish_reason: reason }])

  for (const action of actions) {
    switch (action.type) {
      case 'delta':
        await choice(action.delta)
        break
      case 'split':
        await sendSplit(response, {
          ...envelope,
          choices: [{ index: 0, delta: { content: action.content } }],
        })
        break
      case 'finish':
        await choice({}, action.reason)
        break
      case 'usage':
        await frame([], { usage: action.usage })
        break
      case 'error-frame':
        await send(response, `data: ${JSON.stringify({ error: { message: action.message } })}\n\n`)
        break
      case 'raw':
        await send(response, action.bytes)
        break
      case 'headers':
        openStream(response)
        break
      case 'truncate':
        openStream(response)
        response.end()
        return
      default:
        if (await playTrouble(action, response)) return
    }
  }
  await send(response, 'data: [DONE]\n\n')
  response.end()
}

/** Actions that mean the same with and without streaming. True when they ended the answer. */
const playTrouble = async (
  action: Extract<Action, { type: 'status' | 'barrier' | 'hang' | 'reset' }>,
  response: ServerResponse,
): Promise<boolean> => {
  switch (action.type) {
    case 'status':
      response.writeHead(action.status, { 'content-type': 'application/json', ...action.headers })
      response.end(typeof action.body === 'string' ? action.body : JSON.stringify(action.body))
      return true
    case 'barrier':
      await action.barrier.wait()
      return false
    case 'hang':
      await new Promise<never>(() => {})
      return true
    case 'reset':
      // Not a TCP reset: that would let the client's kernel forget bytes it has not read yet.
      response.socket?.destroy()
      return true
  }
}

type Message = {
  role: 'assistant'
  content: string | null
  reasoning_content?: string
  tool_calls?: ToolCallDelta[]
}

const playWhole = async (actions: readonly Action[], answer: Answer): Promise<void> => {
  const { response } = answer
  const message: Message = { role: 'assistant', content: null }
  let finishReason: FinishReason | undefined
  let usage: Usage | undefined
  for (const action of actions) {
    switch (action.type) {
      case 'delta':
        addDelta(message, action.delta)
        break
      case 'split':
        addDelta(message, { content: action.content })
        break
      case 'finish':
        finishReason = action.reason
        break
      case 'usage':
        usage = action.usage
        break
      case 'headers':
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
        break
      case 'error-frame':
        response.end(JSON.stringify({ error: { message: action.message } }))
        return
      case 'raw':
        response.end(action.bytes)
        return
      case 'truncate':
        response.end('{"choices": [{')
        return
      default:
        if (await playTrouble(action, response)) return
    }
  }
  const choices = [{ index: 0, message, finish_reason: finishReason }]
  const { index, model } = answer
  if (!response.headersSent) response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ id: `chatcmpl-${index}`, created: 1_700_000_000, model, choices, usage }),
  )
}

const addDelta = (message: Message, delta: Delta): void => {
  if (delta.content !== undefined) message.content = (message.content ?? '') + delta.content
  if (delta.reasoning_content !== undefined) {
    message.reasoning_content = (message.reasoning_content ?? '') + delta.reasoning_content
  }
  for (const { index = 0, function: piece, ...head } of delta.tool_calls ?? []) {
    const calls = (message.tool_calls ??= [])
    const call = (calls[index] ??= { ...head, function: { ...piece, arguments: '' } })
    call.function.arguments = (call.function.arguments ?? '') + (piece.arguments ?? '')
  }
}

const openStream = (response: ServerResponse): void => {
  if (response.headersSent) return
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.socket?.setNoDelay(true)
  response.flushHeaders()
}

/** Writes and waits until the bytes are with the operating system, so that a broken connection cannot overtake them. */
const send = async (response: ServerResponse, bytes: string | Buffer): Promise<void> => {
  openStream(response)
  await new Promise<void>((resolve) => response.write(bytes, () => resolve()))
}

const sendSplit = async (response: ServerResponse, chunk: object): Promise<void> => {
  const bytes = Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`)
  const wide = bytes.findIndex((byte) => byte >= 0x80)
  if (wide < 0) throw new Error('split() wants a text with a multi-byte character.')
  await send(response, bytes.subarray(0, wide + 1))
  // Lets the client read the first half by itself; a test that reads both at once still holds.
  await sleep(10)
  await send(response, bytes.subarray(wide + 1))
}
