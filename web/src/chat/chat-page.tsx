/** The page of one chat. */
import { getRouteApi } from '@tanstack/react-router'
import { Conversation } from './conversation.tsx'

const route = getRouteApi('/chats/$chatId')

export const ChatPage = () => {
  const { chatId } = route.useParams()
  return <Conversation key={chatId} chatId={chatId} />
}
