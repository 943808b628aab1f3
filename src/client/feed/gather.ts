/** Changes that follow each other closely are one. */

const GATHER_MS = 4

export type Gathering = { readonly soon: () => void; readonly forget: () => void }

export const gather = (act: () => void): Gathering => {
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    soon: () => {
      timer ??= setTimeout(() => {
        timer = undefined
        act()
      }, GATHER_MS)
    },
    forget: () => {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
