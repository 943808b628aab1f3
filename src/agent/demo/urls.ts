/** Tells URLs from paths. */

/** The URL that a word stands for: one with a scheme, or a host name that cannot be meant as a file. */
export const asUrl = (word: string): string | undefined => {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(word)) return word
  if (/^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d+)?(?:[/?#]|$)/i.test(word)) {
    return `http://${word}`
  }
  return isHostName(word) ? `https://${word}` : undefined
}

const isHostName = (word: string): boolean =>
  /^(?:www\.(?:[\w-]+\.)+[a-z]{2,}|(?:[\w-]+\.)+(?:com|org|net|io|dev|edu|gov|app|info|eu|uk|de|test|example))(?::\d+)?(?:[/?#]|$)/i.test(
    word,
  )
