/** The state of a tool call as a sign; the word stands beside it. */
import { Loader } from '@mantine/core'
import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconCircleDashed,
  IconHandStop,
  IconPlayerPause,
  IconQuestionMark,
  IconX,
} from '@tabler/icons-react'
import type { CallState } from './call-state.ts'

const SIGNS = {
  writing: undefined,
  running: undefined,
  approval: IconHandStop,
  output: IconHandStop,
  approved: IconCircleDashed,
  done: IconCheck,
  failed: IconX,
  denied: IconBan,
  interrupted: IconAlertTriangle,
  skipped: IconPlayerPause,
  unknown: IconQuestionMark,
} satisfies Record<CallState, typeof IconCheck | undefined>

export const CallMark = ({ state }: { readonly state: CallState }) => {
  const Sign = SIGNS[state]
  return Sign ? <Sign size={16} aria-hidden /> : <Loader size={14} aria-hidden />
}
