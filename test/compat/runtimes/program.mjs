/** What a script does with `outlast/client`, on any runtime: it asks and reads through a cut, stops, and follows. */
import { createOutlastClient } from 'outlast/client'

const [url, chatId, question, endless] = globalThis.process.argv.slice(2)
const client = createOutlastClient({ url, share: false })

const answer = await (await client.start({ chatId, text: question })).message()

const reading = await client.start({ chatId, text: endless })
const stopped = []
for await (const { chunk } of reading.chunks()) {
  stopped.push(chunk.type)
  if (chunk.type === 'reasoning-delta') await client.stop({ runId: reading.runId })
}

const { messages } = await client.chats.messages(chatId)
let followed
for await (const news of client.follow(chatId)) {
  followed = { type: news.type, status: news.run?.status }
  break
}
client.close()
console.log(
  JSON.stringify({ answer, stopped: stopped.slice(-2), messages: messages.length, followed }),
)
