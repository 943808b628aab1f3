/** The user of Redis that docs/operations.md describes. */
import { readFileSync } from 'node:fs'

const PAGE = new URL('../../docs/operations.md', import.meta.url)

/** What follows ACL SETUSER there: a user `outlast` whose password is `password`, for the prefix `outlast`. */
export const documentedRights = (): string => {
  const found = /^ACL SETUSER (outlast .*)$/m.exec(readFileSync(PAGE, 'utf8'))?.[1]
  if (found === undefined) throw new Error('docs/operations.md has no line with ACL SETUSER.')
  return found
}
