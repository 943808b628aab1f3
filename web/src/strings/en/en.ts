/** English: one file for each part of the page. */
import { chat } from './chat.ts'
import { chats } from './chats.ts'
import { common } from './common.ts'
import { inspector } from './inspector.ts'
import { message } from './message.ts'
import { overview } from './overview.ts'
import { presence } from './presence.ts'
import { runs } from './runs.ts'
import { session } from './session.ts'

export const en = {
  chat,
  chats,
  common,
  inspector,
  message,
  overview,
  presence,
  runs,
  session,
} as const
