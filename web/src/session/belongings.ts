/** What this browser keeps for the page, such as drafts, is one person's: it is gone before somebody else can come to it. */

const PREFIX = 'outlast.'
const OWNER = `${PREFIX}owner`

/** To be called before anything is read: what is kept is this person's from here on, or it is forgotten. */
export const keepFor = (owner: string): void =>
  inEach((storage) => {
    if (storage.getItem(OWNER) === owner) return
    forget(storage)
    storage.setItem(OWNER, owner)
  })

/** Whoever signs out leaves nothing. A token that ends by itself is another matter: its bearer comes back. */
export const forgetBelongings = (): void => inEach(forget)

const forget = (storage: Storage): void => {
  const keys = Object.keys(storage).filter((key) => key.startsWith(PREFIX))
  for (const key of keys) storage.removeItem(key)
}

const inEach = (act: (storage: Storage) => void): void => {
  try {
    act(localStorage)
    act(sessionStorage)
  } catch {
    // Storage is switched off, and nothing is kept in it.
  }
}
