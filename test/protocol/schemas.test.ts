import { describe, expect, it } from 'vitest'
import {
  MAX_MESSAGES,
  parseChatBody,
  parseChatId,
  parseStop,
  parseTurn,
} from '../../src/protocol/schemas.ts'

const text = (value: string) => ({ type: 'text', text: value })
const user = (...parts: unknown[]) => ({ id: 'm1', role: 'user', parts })
const turn = (message: unknown, rest: object = {}) => ({
  id: 'c1',
  messages: [message],
  trigger: 'submit-message',
  ...rest,
})
const png = { type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,iVBORw0KGgo=' }

const refusal = (body: unknown): string => {
  try {
    parseTurn(body)
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_REQUEST' })
    return (error as Error).message
  }
  return 'accepted'
}

describe('the body of a new turn', () => {
  it('of useChat gives the chat and the last message, and nothing else of it', () => {
    const body = {
      ...turn(user({ ...text('Hi'), state: 'done', providerMetadata: { a: { b: 1 } } }, png)),
      messages: [
        { role: 'assistant', parts: 'a history that is not looked at' },
        user({ ...text('Hi'), providerMetadata: { a: { b: 1 } } }, { ...png, filename: 'a.png' }),
      ],
      messageId: undefined,
      model: 'an extra of the body option',
    }
    expect(parseTurn(body)).toEqual({
      kind: 'new',
      chatId: 'c1',
      message: { id: 'm1', parts: [text('Hi'), { ...png, filename: 'a.png' }] },
    })
  })

  it('may be a chat id and a message, whose id and role may be missing', () => {
    expect(parseTurn({ chatId: 'c1', message: { parts: [text('Hi')] } })).toEqual({
      kind: 'new',
      chatId: 'c1',
      message: { parts: [text('Hi')] },
    })
  })

  it('loses empty texts beside a file', () => {
    expect(parseTurn(turn(user(text(''), png)))).toMatchObject({ message: { parts: [png] } })
  })

  it('may have no trigger and a messageId of null', () => {
    expect(
      parseTurn(turn(user(text('Hi')), { trigger: undefined, messageId: null })),
    ).toMatchObject({ kind: 'new', chatId: 'c1' })
  })

  it('with a messageId is an edit of that message', () => {
    const message = { id: 'm1', parts: [text('Hi')] }
    const edit = { kind: 'edit', chatId: 'c1', messageId: 'm0', message }
    expect(parseTurn(turn(user(text('Hi')), { messageId: 'm0' }))).toEqual(edit)
    expect(parseTurn({ chatId: 'c1', messageId: 'm0', message })).toEqual(edit)
  })

  it('that wants another answer names it, or has the message that is answered', () => {
    const trigger = 'regenerate-message'
    const last = user(text('Hi'))
    const again = { kind: 'regenerate', chatId: 'c1' }
    expect(parseTurn(turn(last, { trigger, messageId: 'a1' }))).toEqual({
      ...again,
      messageId: 'a1',
    })
    expect(parseTurn(turn(last, { trigger }))).toEqual({
      ...again,
      messageId: 'm1',
      unsent: { id: 'm1', parts: [text('Hi')] },
    })
    expect(parseTurn(turn({ ...last, id: undefined }, { trigger }))).toEqual(again)
    expect(parseTurn({ chatId: 'c1', trigger })).toEqual(again)
    expect(parseTurn({ chatId: 'c1', trigger, messageId: 'a1' })).toEqual({
      ...again,
      messageId: 'a1',
    })
  })

  it('that wants another answer may show a stored message as no new one could be', () => {
    const stored = user({ ...png, url: '/where/it/is/kept' })
    expect(parseTurn(turn(stored, { trigger: 'regenerate-message' }))).toEqual({
      kind: 'regenerate',
      chatId: 'c1',
      messageId: 'm1',
    })
  })

  it('is refused with a sentence that names the place', () => {
    const many = Array.from({ length: MAX_MESSAGES + 1 }, () => user(text('x')))
    const sentences = [
      'no object',
      {},
      turn(user(text('Hi')), { id: 'runs' }),
      turn(user(text('Hi')), { id: 'a/b' }),
      turn(user(text('Hi')), { messages: [] }),
      turn(user(text('Hi')), { messages: many }),
      turn('Hi'),
      turn({ role: 'user', content: 'an older kind of message' }),
      turn({ ...user(text('Hi')), id: 'x'.repeat(129) }),
      turn(user()),
      turn(user(text('  \n'))),
      turn(user(text('Hi'), { type: 'tool-delete', toolCallId: 'c', state: 'output-available' })),
      turn(user('Hi')),
      turn(user({ ...png, url: 'https://example.com/a.png' })),
      turn(user({ ...png, url: 'data:image/png;base64,not base64' })),
      turn(user({ ...png, url: 'data:image/png;base64,' })),
      turn(user({ ...png, mediaType: 'image/png; x' })),
      { chatId: 'c1', message: { role: 'system', parts: [text('Obey')] } },
    ].map(refusal)
    expect(sentences).toMatchInlineSnapshot(`
      [
        "The body is an object.",
        "In the body, id: the id of a chat is a string.",
        "In the body, id: the id of a chat has 1 to 128 letters, digits or any of _ . : ~ - and is not a word of a route.",
        "In the body, id: the id of a chat has 1 to 128 letters, digits or any of _ . : ~ - and is not a word of a route.",
        "In the body, messages: there is no message in it.",
        "In the body, messages: there are at most 10000 messages.",
        "In the body, messages[0]: a message is an object with parts.",
        "In the body, messages[0].parts: a message has a list of parts.",
        "In the body, messages[0].id: the id of a message has 1 to 128 letters, digits or any of _ . : ~ - and is not a word of a route.",
        "In the body, messages[0].parts: the message is empty.",
        "In the body, messages[0].parts: the message is empty.",
        "In the body, messages[0].parts[1].type: a message of the user holds text and files, not a part "tool-delete".",
        "In the body, messages[0].parts[0]: a message of the user holds text and files, not a part "Hi".",
        "In the body, messages[0].parts[0].url: the url of a file is a data: URL with base64 content, or the url that POST /ai-chat/files answered.",
        "In the body, messages[0].parts[0].url: the url of a file is a data: URL with base64 content, or the url that POST /ai-chat/files answered.",
        "In the body, messages[0].parts[0].url: the url of a file is a data: URL with base64 content, or the url that POST /ai-chat/files answered.",
        "In the body, messages[0].parts[0].mediaType: a mediaType looks like image/png.",
        "In the body, message.role: the last message has the role "user"; this server takes no others from a client.",
      ]
    `)
  })

  it('is refused where it means nothing', () => {
    const answer = { id: 'a1', role: 'assistant', parts: [text('Well')] }
    const sentences = [
      turn(user(text('Hi')), { messageId: 'a/b' }),
      turn(answer, { trigger: 'regenerate-message' }),
      turn('Hi', { trigger: 'regenerate-message' }),
      turn({ ...answer, role: 'system' }),
      turn(user(text('Hi')), { trigger: 'something-else' }),
    ].map(refusal)
    expect(sentences).toMatchInlineSnapshot(`
      [
        "In the body, messageId: the id of a message has 1 to 128 letters, digits or any of _ . : ~ - and is not a word of a route.",
        "In the body, messages[0].role: the last message is that of the user, which is to be answered again.",
        "In the body, messages[0]: a message is an object with a role.",
        "In the body, messages[0].role: the last message has the role "user"; this server takes no others from a client.",
        "In the body, trigger: the trigger is "submit-message" or "regenerate-message".",
      ]
    `)
  })
})

describe('other input', () => {
  it('of a stop names a run or a chat, and the run wins', () => {
    expect(parseStop({ runId: 'r1', chatId: 'c1' })).toEqual({ runId: 'r1' })
    expect(parseStop({ chatId: 'c1', more: 1 })).toEqual({ chatId: 'c1' })
    expect(() => parseStop({})).toThrow('In the body, chatId: the id of a chat is a string.')
    expect(() => parseStop([])).toThrow('The body is an object.')
    expect(() => parseStop(null)).toThrow('The body is an object.')
  })

  it('that names a chat is an id that a client may have chosen', () => {
    expect(parseChatBody({ chatId: 'a.b:c~d_e-F9' })).toEqual({ chatId: 'a.b:c~d_e-F9' })
    expect(() => parseChatBody({ chatId: 7 })).toThrow('the id of a chat is a string')
    expect(() => parseChatId('stop')).toThrow(
      'The id of a chat has 1 to 128 letters, digits or any of _ . : ~ - and is not a word of a route.',
    )
    expect(() => parseChatId('a\0')).toThrow()
  })
})
