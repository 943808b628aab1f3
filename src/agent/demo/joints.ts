/** Finds where one clause of a message ends and the next begins, and whether they go together. */
import { phraseAt } from './phrases.ts'
import type { Token } from './tokens.ts'
import { courtesies, farewells, joiners, verbs } from './vocabulary.ts'
import type { Verb } from './vocabulary.ts'

/** `and` keeps the step, `then` starts a new one. */
export type Relation = 'then' | 'and'

export type Joint = { next: number; relation: Relation | undefined; isHard: boolean }

/** Everything between two clauses: marks, `and`, `then`, courtesies. A full stop counts as `then`. */
export const jointAt = (tokens: readonly Token[], start: number): Joint => {
  let at = start
  let isThen = false
  let isAnd = false
  let isHard = false
  while (at < tokens.length) {
    const token = tokens[at]!
    const joiner = phraseAt(joiners, tokens, at)
    const courtesy = phraseAt(courtesies, tokens, at)
    const isSeparator = token.kind === 'break' || token.kind === 'mark'
    if (!isSeparator && !joiner && !courtesy) break
    const isStop = token.kind === 'break' || /^[.!?;…]$/.test(token.lower)
    isThen ||= isStop || joiner?.value === 'next' || joiner?.value === 'later'
    isHard ||= isStop || joiner?.value === 'next'
    isAnd ||= joiner?.value === 'parallel' || token.lower === ','
    at = Math.max(at + 1, joiner?.next ?? 0, courtesy?.next ?? 0)
  }
  return { next: at, relation: isThen ? 'then' : isAnd ? 'and' : undefined, isHard }
}

/** The first place where something else begins: hard joints always, `and` only before a verb, none inside brackets. */
export const clauseEnd = (
  tokens: readonly Token[],
  start: number,
  verb: Verb | undefined,
): number => {
  let depth = 0
  for (let at = start; at < tokens.length; at += 1) {
    const token = tokens[at]!
    if (token.lower === '(') depth += 1
    if (token.lower === ')') depth -= 1
    if (at === start && (token.lower === ':' || verb === 'search' || verb === 'say')) continue
    const joint = startsJoint(tokens, at) ? jointAt(tokens, at) : undefined
    if (joint === undefined) continue
    const next = phraseAt(verbs, tokens, joint.next)
    const isBeforeVerb =
      (next !== undefined && next.value !== 'help' && next.value !== 'thank') ||
      isNegation(tokens[joint.next])
    const isHard = joint.isHard && verb !== 'say'
    if (joint.next >= tokens.length || isHard || (isBeforeVerb && depth <= 0)) return at
  }
  return tokens.length
}

/** A courtesy alone ends nothing: `the first file` has one in its middle. */
const startsJoint = (tokens: readonly Token[], at: number): boolean => {
  const token = tokens[at]!
  return (
    token.kind === 'break' ||
    /^[.,;:!?…]$/.test(token.lower) ||
    phraseAt(joiners, tokens, at) !== undefined
  )
}

/** `use the wait tool for 3 seconds` is `wait for 3 seconds`. */
export const withoutTool = (tokens: readonly Token[]): readonly Token[] => {
  if (tokens[0]?.lower !== 'tool') return tokens
  return tokens.slice(/^(?:to|with|on)$/.test(tokens[1]?.lower ?? '') ? 2 : 1)
}

export const withoutFarewell = (tokens: readonly Token[]): readonly Token[] => {
  for (let size = Math.min(4, tokens.length); size > 0; size -= 1) {
    const at = tokens.length - size
    if (phraseAt(farewells, tokens, at)?.next === tokens.length)
      return withoutFarewell(tokens.slice(0, at))
  }
  const last = tokens.at(-1)
  return last?.kind === 'mark' && last.lower === ',' ? withoutFarewell(tokens.slice(0, -1)) : tokens
}

const negations = new Set("don't dont not never without avoid won't can't cannot".split(' '))

/** What forbids something must not be taken for a wish. */
export const isNegation = (token: Token | undefined): boolean => negations.has(token?.lower ?? '')
