/**
 * What Redis or the way to it says when it does not work, in sentences for the operator.
 *
 * INVARIANT: the client hangs the command on its errors, with passwords and with what runs say; none of it gets out of here.
 */
import {
  coerceError,
  ConfigError,
  OutlastError,
  QueueUnavailableError,
} from '../../domain/errors.ts'

type Server = { readonly host: string; readonly user: string }

const TLS_FAILURE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/

export const explain = (thrown: unknown, { host, user }: Server): OutlastError => {
  if (thrown instanceof OutlastError) return thrown
  const { message } = coerceError(thrown)
  const code = codeOf(thrown)
  // A reply begins with a word in capitals.
  switch (/^-?([A-Z]+)\b/.exec(message)?.[1]) {
    case 'WRONGPASS':
    case 'NOAUTH':
      return new ConfigError(
        `Redis at ${host} refused ${user}: check user and password in REDIS_URL.`,
      )
    case 'NOPERM':
      return new ConfigError(
        `Redis at ${host} does not let ${user} do all that is needed: give that user the commands, keys and channels that docs/operations.md has.`,
      )
    case 'MOVED':
    case 'CROSSSLOT':
      return new ConfigError(
        `Redis at ${host} is part of a Redis Cluster, which is not supported: set REDIS_URL to a single server, or to one with replicas.`,
      )
    case 'OOM':
      return new QueueUnavailableError(
        `Redis at ${host} is full: give it more memory, or look for what else is kept there.`,
      )
    case 'READONLY':
    case 'LOADING':
    case 'MASTERDOWN':
    case 'MISCONF':
    case 'BUSY':
      return new QueueUnavailableError(`Redis at ${host} takes nothing for now (${message}).`)
    default:
  }
  if (TLS_FAILURE.test(code))
    return new ConfigError(
      `TLS with Redis at ${host} failed (${code}): check rediss:// in REDIS_URL, and NODE_EXTRA_CA_CERTS for certificates of your own.`,
    )
  return new QueueUnavailableError(
    `Redis at ${host} does not answer (${code || message}): check that it runs, that this machine can reach it and that REDIS_URL is right.`,
  )
}

const codeOf = (thrown: unknown): string => {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : ''
}
