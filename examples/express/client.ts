/** A chat in a terminal, on the transport that `useChat` has: Ctrl-C leaves, and the answer is there when one comes back. */
import { createInterface } from 'node:readline'
import { DefaultChatTransport, generateId, readUIMessageStream, type UIMessageChunk } from 'ai'

const [url = 'http://localhost:3000', name = 'ann'] = process.argv.slice(2)
const CHAT = 'main'

const signedIn = await fetch(`${url}/sign-in`, {
  method: 'POST',
  body: new URLSearchParams({ name }),
  redirect: 'manual',
})
const headers = {
  cookie: signedIn.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; '),
}
const transport = new DefaultChatTransport({ api: `${url}/api/ai-chat`, headers })

/** Writes what a message has more than a moment ago. */
const show = async (stream: ReadableStream<UIMessageChunk>) => {
  let shown = ''
  for await (const { parts } of readUIMessageStream({ stream })) {
    const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    process.stdout.write(text.slice(shown.length))
    shown = text
  }
  process.stdout.write('\n')
}

const unfinished = await transport.reconnectToStream({ chatId: CHAT })
if (unfinished) await show(unfinished)

const input = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
input.prompt()
for await (const line of input) {
  const message = {
    id: generateId(),
    role: 'user' as const,
    parts: [{ type: 'text' as const, text: line }],
  }
  const trigger = 'submit-message'
  await show(
    await transport.sendMessages({
      trigger,
      chatId: CHAT,
      messageId: undefined,
      messages: [message],
      abortSignal: undefined,
    }),
  )
  input.prompt()
}
