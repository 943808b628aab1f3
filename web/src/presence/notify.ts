/**
 * Notifications of the system, where the person has allowed them: one for all tabs, and none while one of them is looked at.
 */

type Notice = {
  /** Equal in all tabs. */
  readonly key: string
  readonly title: string
  readonly body: string
  readonly onClick: () => void
}

/** Held by each tab that is looked at. */
const LOOKED_AT = 'outlast looked at'

/** Longer than the tabs are apart in hearing of something. */
const TOLD_MS = 60_000

export const canNotify = (): boolean => 'Notification' in window && 'locks' in navigator

/** What the person has set for this browser, until they sign out. */
export const SETTING = 'outlast.notifications'

const isWanted = (): boolean =>
  canNotify() && Notification.permission === 'granted' && settingOf() === JSON.stringify(true)

const settingOf = (): string | null => {
  try {
    return localStorage.getItem(SETTING)
  } catch {
    // Storage is switched off, and nothing was set.
    return null
  }
}

export const notify = (notice: Notice): void => {
  if (isWanted()) void tellOnce(notice)
}

/** The first tab that asks for the lock of a notice tells it. */
const tellOnce = ({ key, title, body, onClick }: Notice): Promise<void> =>
  navigator.locks.request(`outlast told ${key}`, { ifAvailable: true }, async (lock) => {
    if (!lock || (await isLookedAt())) return
    const notification = notificationOf(title, { body, tag: key })
    notification?.addEventListener('click', () => {
      window.focus()
      onClick()
      notification.close()
    })
    await new Promise((resolve) => setTimeout(resolve, TOLD_MS))
  })

const notificationOf = (title: string, options: NotificationOptions): Notification | undefined => {
  try {
    return new Notification(title, options)
  } catch {
    // Browsers of phones give it to service workers only; there the title of the tab has to do.
    return undefined
  }
}

const isLookedAt = async (): Promise<boolean> => {
  const { held = [] } = await navigator.locks.query()
  return held.some(({ name }) => name === LOOKED_AT)
}

/** Lets all tabs know whenever this one is looked at. @returns a function that ends it */
export const tellWhenLookedAt = (): (() => void) => {
  if (!canNotify()) return () => {}
  let release: (() => void) | undefined
  const update = () => {
    release?.()
    release = document.visibilityState === 'visible' ? holdLookedAt() : undefined
  }
  update()
  document.addEventListener('visibilitychange', update)
  return () => {
    document.removeEventListener('visibilitychange', update)
    release?.()
  }
}

const holdLookedAt = (): (() => void) => {
  const { promise, resolve } = Promise.withResolvers<void>()
  void navigator.locks.request(LOOKED_AT, { mode: 'shared' }, () => promise)
  return resolve
}
