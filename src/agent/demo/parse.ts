/** Reads a whole message as a program of steps. Pure and total: any text gives a program, in bounded time. */
import { readBare, readClause } from './clause.ts'
import type { Command, Program } from './command.ts'
import { clauseEnd, isNegation, jointAt, withoutFarewell, withoutTool } from './joints.ts'
import type { Relation } from './joints.ts'
import { phraseAt } from './phrases.ts'
import type { Reading } from './reading.ts'
import { findTargets } from './targets.ts'
import type { Mentioned } from './targets.ts'
import { rawText, tokenize } from './tokens.ts'
import type { Token } from './tokens.ts'
import { verbs } from './vocabulary.ts'
import type { Verb } from './vocabulary.ts'

const MAX_LENGTH = 4_000
const MAX_STEPS = 20
const MAX_PARALLEL = 12
const MAX_PROBLEMS = 5
const MAX_LATE_VERBS = 5

/** The program that a message asks for, and what of it was not understood. */
export const parseProgram = (message: string): Program => {
  const source = message.slice(0, MAX_LENGTH)
  const parser: Parser = {
    source,
    tokens: tokenize(source),
    steps: [],
    problems:
      message.length > MAX_LENGTH ? [`I read only the first ${MAX_LENGTH} characters.`] : [],
    mentioned: { last: undefined, folder: undefined, group: [] },
    previous: undefined,
    place: undefined,
  }
  let at = 0
  while (at < parser.tokens.length) at = readNext(parser, at)
  takePlace(parser, undefined)
  return limited(parser)
}

const limited = ({ steps, problems }: Parser): Program => {
  const told = [...new Set(problems)]
  const rest = told.length - MAX_PROBLEMS
  const isTooWide = steps.some((step) => step.length > MAX_PARALLEL)
  const limits = [
    ...(rest > 0 ? [`There is more that I did not understand (${rest} parts).`] : []),
    ...(steps.length > MAX_STEPS ? [`I do at most ${MAX_STEPS} steps.`] : []),
    ...(isTooWide ? [`I do at most ${MAX_PARALLEL} things at once.`] : []),
  ]
  return {
    steps: withoutIdleTalk(steps.slice(0, MAX_STEPS).map((step) => step.slice(0, MAX_PARALLEL))),
    problems: [...told.slice(0, MAX_PROBLEMS), ...limits],
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

type Parser = {
  source: string
  tokens: readonly Token[]
  steps: Command[][]
  problems: string[]
  mentioned: Mentioned
  previous: Previous | undefined
  /** `In docs,` before the command that it belongs to. */
  place: { tokens: readonly Token[]; relation: Relation | undefined } | undefined
}

type Previous = { verb: Verb; phrase: string }

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
  const place = takePlace(parser, match?.value)
  const relation = place ? place.relation : joint.relation
  const reading = match
    ? readVerb(parser, match, [...body, ...(place?.tokens ?? [])])
    : readVerbless(parser, whole, relation)
  const late = reading ?? readLateVerb(parser, whole)
  if (match && late !== undefined) parser.previous = { verb: match.value, phrase: match.phrase }
  if (late !== undefined) accept(parser, late, relation)
  else if (isPlace(parser, whole)) parser.place = { tokens: whole, relation }
  else notUnderstood(parser, whole)
  return Math.max(end, start + 1)
}

const isPlace = ({ mentioned }: Parser, tokens: readonly Token[]): boolean => {
  if (!/^(?:in|inside|within|from|under)$/.test(tokens[0]?.lower ?? '')) return false
  const { paths, ignored, isUnclear } = findTargets(tokens, mentioned)
  return paths.length > 0 && ignored.length === 0 && !isUnclear
}

/** The place that was named before this clause, if its verb has a place; else it was not understood. */
const takePlace = (parser: Parser, verb: Verb | undefined): Parser['place'] => {
  const { place } = parser
  parser.place = undefined
  if (place === undefined || (verb && ['list', 'read', 'show', 'search', 'count'].includes(verb))) {
    return place
  }
  notUnderstood(parser, place.tokens)
  return undefined
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

/** `my boss wants you to list the files`: a verb behind `to` or `you`, unless something is negated. */
const readLateVerb = (parser: Parser, tokens: readonly Token[]): Reading => {
  if (tokens.some(isNegation)) return undefined
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
  remember(parser, reading.commands, relation)
}

const remember = (
  parser: Parser,
  commands: readonly Command[],
  relation: Relation | undefined,
): void => {
  const named = commands.flatMap((command) => {
    if (command.verb === 'fetch') return [command.url]
    return 'path' in command ? [command.path] : []
  })
  if (named.length === 0) return
  const { folder, group } = parser.mentioned
  const listed = commands.findLast(({ verb }) => verb === 'list')
  parser.mentioned = {
    last: named.at(-1),
    folder: listed?.verb === 'list' ? listed.path : folder,
    group: listed ? [] : [...new Set(relation === 'and' ? [...group, ...named] : named)],
  }
}

const notUnderstood = (parser: Parser, tokens: readonly Token[]): void => {
  const text = rawText(parser.source, tokens)
  const short = text.length > 200 ? `${text.slice(0, 200).toWellFormed()}…` : text
  parser.problems.push(`I did not understand "${short}".`)
}
