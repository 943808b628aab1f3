/** Tells a person when something that they asked for did not happen. */
import { notifications } from '@mantine/notifications'

/** @example tellFailure(exportChat(id), (reason) => t('chats.exportFailed', { reason })) */
export const tellFailure = (work: Promise<unknown>, sentence: (reason: string) => string): void => {
  work.catch((error: unknown) => {
    const message = sentence(error instanceof Error ? error.message : String(error))
    notifications.show({ message, color: 'red', role: 'alert' })
  })
}
