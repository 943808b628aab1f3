/** What became of a tool call, in one word. */
import type { OutlastMessage, RunSummary } from 'outlast/client'
import { INTERRUPTED_CALL, INTERRUPTED_INPUT, NOT_EXECUTED } from 'outlast/protocol'

type Part = OutlastMessage['parts'][number]
export type ToolPart = Extract<Part, { type: 'dynamic-tool' | `tool-${string}` }>

export type CallState =
  | 'writing'
  | 'running'
  | 'approval'
  | 'output'
  | 'approved'
  | 'done'
  | 'failed'
  | 'denied'
  | 'interrupted'
  | 'skipped'
  | 'unknown'

/** What the sentences of the server say; see "The answer as it is stored" in PROTOCOL.md. */
const ENDS: Record<string, CallState> = {
  [INTERRUPTED_INPUT]: 'interrupted',
  [NOT_EXECUTED]: 'skipped',
  [INTERRUPTED_CALL]: 'unknown',
}

export type CallContext = {
  readonly isStreaming: boolean
  readonly run: Pick<RunSummary, 'status'> | undefined
}

export const callState = (part: ToolPart, { isStreaming, run }: CallContext): CallState => {
  // A settled run leaves no call open: until its run is known, an open one waits.
  const isWaiting = run === undefined || run.status === 'waiting'
  const isLive = isStreaming || run?.status === 'pending' || run?.status === 'running'
  switch (part.state) {
    case 'input-streaming':
      return isLive ? 'writing' : 'interrupted'
    case 'input-available':
      if (isLive) return 'running'
      return isWaiting && !part.providerExecuted ? 'output' : 'unknown'
    case 'approval-requested':
      return isLive || isWaiting ? 'approval' : 'denied'
    case 'approval-responded':
      if (!part.approval.approved) return 'denied'
      return isLive ? 'running' : 'approved'
    case 'output-available':
      return part.preliminary && isLive ? 'running' : 'done'
    case 'output-error':
      return Object.hasOwn(ENDS, part.errorText) ? ENDS[part.errorText]! : 'failed'
    case 'output-denied':
      return 'denied'
    default:
      part satisfies never
      return 'unknown'
  }
}
