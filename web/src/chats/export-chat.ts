/** Gives a chat to the person as a file. */
import { client } from '../client.ts'

export const exportChat = async (chatId: string, title: string): Promise<void> => {
  const markdown = await client.chats.export(chatId)
  const url = URL.createObjectURL(new Blob([markdown], { type: 'text/markdown' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${title.replaceAll(/[^\p{L}\p{N}_-]+/gu, ' ').trim() || 'chat'}.md`
  link.click()
  // The download has its own hold of the file once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
