/** Text of a foreign service in a form that may be shown: short, on one line, without keys and without queries of URLs. */

const MAX_LENGTH = 300

export const publicText = (text: string): string => {
  const line = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    // A long text is cut first: what follows costs time per character.
    .slice(0, 4 * MAX_LENGTH)
    .replaceAll(/\b(https?:\/\/)(?:[^\s/?#@]*@)?([^\s?#"'<>]*)[^\s"'<>]*/gi, '$1$2')
    .replaceAll(/\b(bearer|basic)\s+[^\s"',;]+/gi, '$1 [hidden]')
    .replaceAll(
      /\b((?:api[-_ ]?)?(?:key|token|secret|password)["']?\s*[:=]\s*["']?)[^\s"',;]+/gi,
      '$1[hidden]',
    )
    .replaceAll(/\b(?:sk|pk|rk|gsk|xai|ghp|hf)[-_*][\w*.-]{6,}/g, '[hidden]')
    .replaceAll(/[\w*+/=-]{32,}/g, (word) => (looksRandom(word) ? '[hidden]' : word))
  return cut(line)
}

/** Keys mix digits and letters of both cases; names of models and words do not. */
const looksRandom = (word: string): boolean =>
  /\d/.test(word) && /[a-z]/.test(word) && (/[A-Z]/.test(word) || !/[-_/]/.test(word))

const cut = (line: string): string => {
  const short = line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH - 1)}…`
  // Where a pair was cut in two, its half goes too.
  return short.replaceAll(/\p{Cs}/gu, '')
}
