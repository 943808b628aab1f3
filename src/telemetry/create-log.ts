/** The server's own log: JSON records by pino for machines, or lines for people. */
import { pino } from 'pino'
import type { Log } from './log.ts'

export const LOG_FORMATS = ['text', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export type LogOptions = {
  readonly format: LogFormat
  /** The lowest level that is written. */
  readonly level: LogLevel
  /** Takes a line with its end. */
  readonly write: (line: string) => void
}

export const createLog = ({ format, level, write }: LogOptions): Log =>
  format === 'json' ? jsonLog(level, write) : textLog(level, write)

const jsonLog = (level: LogLevel, write: LogOptions['write']): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )

const textLog = (level: LogLevel, write: LogOptions['write']): Log => {
  const at = (own: LogLevel) => (fields: Readonly<Record<string, unknown>>, message: string) => {
    if (LOG_LEVELS.indexOf(own) < LOG_LEVELS.indexOf(level)) return
    const said = Object.entries(fields).flatMap(([name, value]) => saying(name, value))
    write(`${[message, ...said].join(' ')}\n`)
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const saying = (name: string, value: unknown): string[] => {
  if (value === undefined || value === null) return []
  return [`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`]
}
