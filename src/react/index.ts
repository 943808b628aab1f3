/** Outlast in React: `useChat` that follows its chat, and hooks for runs and chats. */
export { OutlastProvider, useOutlastClient } from './provider.tsx'
export {
  useOutlastChat,
  type OutlastChatHelpers,
  type UseOutlastChatOptions,
} from './use-outlast-chat.ts'
export { useRun, type RunHelpers } from './use-run.ts'
export { useRuns } from './use-runs.ts'
export { useChats } from './use-chats.ts'
export type { ListHelpers } from './use-live-list.ts'
export type { FollowedState, Unsent } from '../client/followed-state.ts'
