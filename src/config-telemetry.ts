/** The settings of what the server says of itself. */
import { text } from './config-identity.ts'
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './telemetry/create-log.ts'

export type TelemetryConfig = {
  readonly logFormat: LogFormat
  readonly logLevel: LogLevel
  /** Where Prometheus finds the metrics; undefined: nowhere. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined
}

const isPort = (port: number | undefined): boolean =>
  port === undefined || (Number.isInteger(port) && port >= 0 && port <= 65535)

const isOneOf =
  (words: readonly string[]) =>
  (word: string | undefined): boolean =>
    word === undefined || words.includes(word)

export const telemetrySettings = {
  OUTLAST_LOG: text.refine(isOneOf(LOG_FORMATS), {
    error: `OUTLAST_LOG is no format: set it to ${LOG_FORMATS.join(' or ')}, or leave it out.`,
  }),
  OUTLAST_LOG_LEVEL: text.refine(isOneOf(LOG_LEVELS), {
    error: `OUTLAST_LOG_LEVEL is no level: set it to one of ${LOG_LEVELS.join(', ')}, or leave it out.`,
  }),
  OUTLAST_METRICS_HOST: text.transform((host) => host ?? '127.0.0.1'),
  OUTLAST_METRICS_PORT: text
    .transform((port) => (port === undefined ? undefined : Number(port)))
    .refine(isPort, {
      error:
        'OUTLAST_METRICS_PORT is not a port number: set it to a whole number from 0 to 65535, such as 9464.',
    }),
}

type Settings = {
  readonly OUTLAST_LOG?: string | undefined
  readonly OUTLAST_LOG_LEVEL?: string | undefined
  readonly OUTLAST_METRICS_HOST: string
  readonly OUTLAST_METRICS_PORT?: number | undefined
}

export const telemetryOf = (settings: Settings): TelemetryConfig => {
  const { OUTLAST_METRICS_HOST: host, OUTLAST_METRICS_PORT: port } = settings
  const logFormat = (settings.OUTLAST_LOG ?? 'text') as LogFormat
  return {
    logFormat,
    // People at a terminal see the runs themselves; what reads JSON wants to count them.
    logLevel: (settings.OUTLAST_LOG_LEVEL ?? (logFormat === 'text' ? 'warn' : 'info')) as LogLevel,
    metrics: port === undefined ? undefined : { host, port },
  }
}
