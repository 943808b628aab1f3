/** A chat in a terminal: Ctrl-C leaves, and the answer is there when one comes back. */
import { createInterface } from 'node:readline'
import { createOutlastClient, type RunReading } from 'outlast/client'

const [url = 'http://localhost:3000', name = 'ann'] = process.argv.slice(2)
const CHAT = 'main'

const signedIn = await fetch(`${url}/sign-in`, {
  method: 'POST',
  body: new URLSearchParams({ name }),
  redirect: 'manual',
})
const cookie = signedIn.headers
  .getSetCookie()
  .map((one) => one.split(';')[0])
  .join('; ')
const client = createOutlastClient({ url: `${url}/api/ai-chat`, headers: { cookie } })

const show = async (run: RunReading) => {
  for await (const { chunk } of run.chunks())
    if (chunk.type === 'text-delta') process.stdout.write(chunk.delta)
  process.stdout.write('\n')
}

const unfinished = await client.attach({ chatId: CHAT })
if (unfinished) await show(unfinished)

const input = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
input.prompt()
for await (const text of input) {
  await show(await client.start({ chatId: CHAT, text }))
  input.prompt()
}
