/** Every limit with its default, in one place; docs/limits.md is this table for people. */
import { ConfigError } from './errors.ts'

type Limit = {
  /** Infinity: none unless it is set. */
  readonly standard: number
  /** The highest setting: one number in an array takes jsonb six times its room, and jsonb ends at 256 MB. */
  readonly most: number
  /** What is said when it is hit. */
  readonly sentence: (limit: number) => string
}

const MB = 1_000_000

const TABLE = {
  bodyBytes: {
    standard: 10 * MB,
    most: 100 * MB,
    sentence: (limit) => `The body of a request has at most ${limit} bytes.`,
  },
  textChars: {
    standard: MB,
    most: 50 * MB,
    sentence: (limit) => `A text of a message has at most ${limit} characters.`,
  },
  messageParts: {
    standard: 200,
    most: 10_000,
    sentence: (limit) => `A message has at most ${limit} parts.`,
  },
  messageFiles: {
    standard: 20,
    most: 1000,
    sentence: (limit) => `A message has at most ${limit} files.`,
  },
  fileBytes: {
    standard: 10 * MB,
    most: 200 * MB,
    sentence: (limit) => `A file has at most ${limit} bytes.`,
  },
  ownerBytes: {
    standard: Number.POSITIVE_INFINITY,
    most: Number.MAX_SAFE_INTEGER,
    sentence: (limit) =>
      `The files of one user have at most ${limit} bytes together. Delete chats with files first.`,
  },
  activeRuns: {
    standard: 20,
    most: 10_000,
    sentence: (limit) =>
      `One user has at most ${limit} active runs. Wait until one has settled, or stop one.`,
  },
  workspaceRuns: {
    standard: Number.POSITIVE_INFINITY,
    most: 1_000_000,
    sentence: (limit) => `One workspace has at most ${limit} runs executed at a time.`,
  },
  runs: {
    standard: Number.POSITIVE_INFINITY,
    most: 1_000_000,
    sentence: (limit) => `At most ${limit} runs are executed at a time.`,
  },
  workspacePendingRuns: {
    standard: 1000,
    most: 1_000_000,
    sentence: (limit) =>
      `In this workspace ${limit} runs wait for others to end. Try again when some of them have begun.`,
  },
  pendingRuns: {
    standard: 10_000,
    most: 1_000_000,
    sentence: (limit) => `${limit} runs wait for others to end. Try again later.`,
  },
  readers: {
    standard: 100,
    most: 100_000,
    sentence: (limit) =>
      `One user reads at most ${limit} streams of this server at a time. Close one first.`,
  },
  toolOutputChars: {
    standard: MB,
    most: 10 * MB,
    sentence: (limit) => `these are the first ${limit}`,
  },
  stepChars: {
    standard: 5 * MB,
    most: 30 * MB,
    sentence: (limit) =>
      `The model said more than ${limit} characters in one step, and was interrupted.`,
  },
  answerChars: {
    standard: 20 * MB,
    most: 30 * MB,
    sentence: (limit) => `The answer has more than ${limit} characters, and was ended.`,
  },
} as const satisfies Readonly<Record<string, Limit>>

export type LimitName = keyof typeof TABLE

export type Limits = { readonly [Name in LimitName]: number }

/** In the order of docs/limits.md. */
export const LIMITS: Readonly<Record<LimitName, Limit>> = TABLE

export const LIMIT_NAMES = Object.keys(TABLE) as LimitName[]

/** The environment variable of a limit: `OUTLAST_MAX_FILE_BYTES` for `fileBytes`. */
export const limitSetting = (name: LimitName): string =>
  `OUTLAST_MAX_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** What is said when the limit is hit. */
export const limitSentence = (name: LimitName, limit: number): string =>
  LIMITS[name].sentence(limit)

/** @throws ConfigError for a limit that is not a whole number above 0, or beyond what works */
export const resolveLimits = (settings: Partial<Limits> = {}): Limits =>
  Object.fromEntries(
    LIMIT_NAMES.map((name) => {
      const value = settings[name]
      return [name, value === undefined ? LIMITS[name].standard : checkLimit(name, value)]
    }),
  ) as Limits

const checkLimit = (name: LimitName, value: number): number => {
  const { standard, most } = LIMITS[name]
  if (value === standard || (Number.isInteger(value) && value >= 1 && value <= most)) return value
  throw new ConfigError(
    `The limit ${name} is ${value}: set ${limitSetting(name)} or limits.${name} to a whole number from 1 to ${most}, or leave it out.`,
  )
}

/** Runs that one process executes at a time, at most: what all of them can take together is counted in the database. */
export const MOST_CONCURRENCY = 1_000_000

export const isConcurrency = (runs: number): boolean =>
  Number.isInteger(runs) && runs >= 0 && runs <= MOST_CONCURRENCY

/** @throws ConfigError for what is no number of runs; undefined is no limit */
export const checkConcurrency = (runs: number | undefined): void => {
  if (runs === undefined || isConcurrency(runs)) return
  throw new ConfigError(
    `The concurrency is ${runs}: set it to a whole number from 0 to ${MOST_CONCURRENCY}, or leave it out for as many runs as there are.`,
  )
}
