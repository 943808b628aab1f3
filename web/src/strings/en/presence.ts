/** The connection, the tab among others, notifications, and who works on an answer. */
export const presence = {
  connection: {
    reconnecting: 'Reconnecting …',
    away: 'The server does not answer; it may be restarting. Nothing is lost.',
    offline: 'You are offline. Your runs go on without this page.',
    back: 'Connected again.',
  },
  takeover: {
    lost: 'Continued by another worker: the one before was lost. Nothing is missing.',
    released: 'Continued by another worker: the one before was shut down.',
    again: 'Continued after an interruption.',
  },
  /** Before the title of the open chat. */
  signs: {
    pending: '…',
    running: '▸',
    waiting: '✋',
    succeeded: '✓',
    failed: '⚠',
    aborted: '■',
  },
  bell: {
    name: 'Notifications',
    on: 'Notifications are on: when a run ends or waits for you, and you do not look at this page.',
    off: 'Notify me when a run ends or waits for me',
    blocked: 'This browser blocks notifications of this page. Its settings can change that.',
  },
} as const
