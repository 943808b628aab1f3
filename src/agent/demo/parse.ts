/** Reads a whole message as a program of steps. Pure and total: any text gives a program, in bounded time. */
import { readBare, readClause } from './clause.ts'
import type { Command, Program } from './command.ts'
import { phraseAt } from './phrases.ts'
import type { Reading } from './reading.ts'
import type { Mentioned } from './targets.ts'
import { rawText, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'
import { courtesies, farewells, joiners, verbs } from './vocabulary.ts'
import type { Verb } from './vocabulary.ts'

const MAX_LENGTH = 4_000
const MAX_STEPS = 20
const MAX_PARALLEL = 12
const MAX_LATE_VERBS = 5

/** The program that a message asks for, and what of it was not understood. */
export const parseProgram = (message: string): Program => {
  const source = message.slice(0, MAX_LENGTH)
  const parser = createParser(source)
  const problems =
    message.length > MAX_LENGTH ? [`I read only the first ${MAX_LENGTH} characters.`] : []
  for (let at = 0; at < parser.tokens.length;) at = parser.clause(at)
  return limited(parser.steps, [...problems, ...parser.problems])
}

const limited = (steps: readonly Command[][], problems: readonly string[]): Program => {
  const isTooWide = steps.some((step) => step.length > MAX_PARALLEL)
  return {
    steps: withoutIdleTalk(steps.slice(0, MAX_STEPS).map((step) => step.slice(0, MAX_PARALLEL))),
    problems: [
      ...new Set(problems),
      ...(steps.length > MAX_STEPS
        ? [`I do at most ${MAX_STEPS} steps and leave the others out.`]
        : []),
      ...(isTooWide
        ? [`I do at most ${MAX_PARALLEL} things at once and leave the others out.`]
        : []),
    ],
  }
}

/** A greeting or a word of thanks beside a real command needs no answer of its own. */
const withoutIdleTalk = (steps: readonly Command[][]): Command[][] => {
  const isIdle = ({ verb }: Command): boolean => verb === 'thank' || verb === 'help'
  const isBusy = steps.flat().some((command) => !isIdle(command))
  if (isBusy) {
    const kept = steps.map((step) => step.filter((command) => !isIdle(command)))
    return kept.filter((step) => step.length > 0)
  }
  const answer = steps.flat().find(({ verb }) => verb === 'help') ?? steps[0]?.[0]
  return answer ? [[answer]] : []
}

type Relation = 'then' | 'and'

type Parser = {
  source: string
  tokens: readonly Token[]
  steps: Command[][]
  problems: string[]
  mentioned: Mentioned
  previous: Previous | undefined
}

type Previous = { verb: Verb; phrase: string }

const createParser = (source: string) => {
  const parser: Parser = {
    source,
    tokens: tokenize(source),
    steps: [],
    problems: [],
    mentioned: { last: undefined, folder: undefined },
    previous: undefined,
  }
  return {
    tokens: parser.tokens,
    steps: parser.steps,
    problems: parser.problems,
    clause: (at: number) => readNext(parser, at),
  }
}

/** Reads what joins, then one clause; returns where the next one begins, always further on. */
const readNext = (parser: Parser, at: number): number => {
  const { tokens } = parser
  const joint = jointAt(tokens, at)
  const start = joint.next
  if (start >= tokens.length) return tokens.length
  const match = phraseAt(verbs, tokens, start)
  const bodyStart = match?.next ?? start
  const end = clauseEnd(tokens, bodyStart, match?.value)
  const body = withoutFarewell(withoutTool(tokens.slice(bodyStart, end)))
  const whole = tokens.slice(start, end)
  const reading = match
    ? readVerb(parser, match, body)
    : readVerbless(parser, whole, joint.relation)
  const late = reading ?? readLateVerb(parser, whole)
  if (match && late !== undefined) parser.previous = { verb: match.value, phrase: match.phrase }
  if (late === undefined) notUnderstood(parser, whole)
  else accept(parser, late, joint.relation)
  return Math.max(end, start + 1)
}

const readVerb = (
  parser: Parser,
  { value, phrase }: { value: Verb; phrase: string },
  tokens: readonly Token[],
): Reading =>
  readClause({ verb: value, phrase, tokens, source: parser.source, mentioned: parser.mentioned })

/** `read a.txt, then b.txt`: a clause that is nothing but names goes on with the verb before it. */
const readVerbless = (
  parser: Parser,
  tokens: readonly Token[],
  relation: Relation | undefined,
): Reading => {
  const { previous, source, mentioned } = parser
  const body = withoutFarewell(tokens)
  const bare = readBare({ tokens: body, source, mentioned })
  if (bare === undefined || previous === undefined || relation === undefined) return bare
  const isRepeatable = ['list', 'read', 'show', 'count', 'fetch', 'search'].includes(previous.verb)
  const isSum = bare.commands.some(({ verb }) => verb === 'calculate')
  return isRepeatable && !isSum
    ? readVerb(parser, { value: previous.verb, phrase: previous.phrase }, body)
    : bare
}

const negations = new Set(
  "don't dont not never no without avoid won't can't cannot stop".split(' '),
)

/** `my boss wants you to list the files`: a verb behind `to` or `you`, unless something is negated. */
const readLateVerb = (parser: Parser, tokens: readonly Token[]): Reading => {
  if (tokens.some((token) => negations.has(token.lower))) return undefined
  const starts = tokens.flatMap(({ lower }, at) => (/^(?:to|you|:)$/.test(lower) ? [at + 1] : []))
  for (const at of starts.slice(0, MAX_LATE_VERBS)) {
    const match = phraseAt(verbs, tokens, at)
    if (!match || match.value === 'help' || match.value === 'thank') continue
    const reading = readVerb(parser, match, withoutFarewell(tokens.slice(match.next)))
    if (reading === undefined || reading.commands.length === 0) continue
    const skipped = rawText(parser.source, tokens.slice(0, at))
    return { ...reading, problems: [...reading.problems, `I did not use "${skipped}".`] }
  }
  return undefined
}

const accept = (
  parser: Parser,
  reading: NonNullable<Reading>,
  relation: Relation | undefined,
): void => {
  parser.problems.push(...reading.problems)
  if (reading.commands.length === 0) return
  const current = parser.steps.at(-1)
  if (relation === 'and' && current !== undefined) current.push(...reading.commands)
  else parser.steps.push([...reading.commands])
  for (const command of reading.commands) {
    if (command.verb === 'fetch') parser.mentioned = { ...parser.mentioned, last: command.url }
    if (command.verb === 'list') parser.mentioned = { last: command.path, folder: command.path }
    if (command.verb === 'read' || command.verb === 'count' || command.verb === 'search') {
      parser.mentioned = { ...parser.mentioned, last: command.path }
    }
  }
}

const notUnderstood = (parser: Parser, tokens: readonly Token[]): void => {
  const text = rawText(parser.source, tokens)
  const short = text.length > 200 ? `${text.slice(0, 200).toWellFormed()}…` : text
  parser.problems.push(`I did not understand "${short}".`)
}

type Joint = { next: number; relation: Relation | undefined; isHard: boolean }

/** Everything between two clauses: marks, `and`, `then`, courtesies. A full stop counts as `then`. */
const jointAt = (tokens: readonly Token[], start: number): Joint => {
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
const clauseEnd = (tokens: readonly Token[], start: number, verb: Verb | undefined): number => {
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
      negations.has(tokens[joint.next]?.lower ?? '')
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
const withoutTool = (tokens: readonly Token[]): readonly Token[] => {
  if (tokens[0]?.lower !== 'tool') return tokens
  return tokens.slice(/^(?:to|with|on)$/.test(tokens[1]?.lower ?? '') ? 2 : 1)
}

const withoutFarewell = (tokens: readonly Token[]): readonly Token[] => {
  for (let size = Math.min(4, tokens.length); size > 0; size -= 1) {
    const at = tokens.length - size
    if (phraseAt(farewells, tokens, at)?.next === tokens.length)
      return withoutFarewell(tokens.slice(0, at))
  }
  const last = tokens.at(-1)
  return last?.kind === 'mark' && last.lower === ',' ? withoutFarewell(tokens.slice(0, -1)) : tokens
}
