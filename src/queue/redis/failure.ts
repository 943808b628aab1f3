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

const NOT_TRUSTED = /^(DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|UNABLE_TO_)/
const TLS_FAILURE = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO)/
/** Of what the client cannot read. */
const NO_REDIS = /^(Unknown RESP type|Protocol error)/
/** How the client says that it keeps nothing until there is one. */
const NO_CONNECTION = /^Stream isn't writeable/

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
      return new QueueUnavailableError(
        `Redis at ${host} is a replica, which takes nothing: set REDIS_URL to its primary, or to a name that follows it.`,
      )
    case 'LOADING':
    case 'MASTERDOWN':
    case 'MISCONF':
    case 'BUSY':
      return new QueueUnavailableError(`Redis at ${host} takes nothing for now (${message}).`)
    case 'WRONGTYPE':
      return new ConfigError(
        `Something else keeps other things in Redis at ${host} under our keys: set OUTLAST_REDIS_PREFIX to a name of its own.`,
      )
    case 'ERR':
      return refusal(message, host)
    default:
  }
  if (NO_REDIS.test(message))
    return new ConfigError(`What answers at ${host} is no Redis: check host and port in REDIS_URL.`)
  if (NOT_TRUSTED.test(code))
    return new ConfigError(
      `The certificate of Redis at ${host} is not trusted here (${code}): set NODE_EXTRA_CA_CERTS to the file of the authority that has signed it.`,
    )
  if (TLS_FAILURE.test(code))
    return new ConfigError(
      `TLS with Redis at ${host} failed (${code}): check that it speaks TLS there, and that its certificate is valid for the name in REDIS_URL.`,
    )
  const reason = code || (NO_CONNECTION.test(message) ? 'there is no connection' : message)
  return new QueueUnavailableError(
    `Redis at ${host} does not answer (${reason}): check that it runs, that this machine can reach it and that REDIS_URL is right.`,
  )
}

/** A command that is not known is quoted with what it was to be told. */
const refusal = (message: string, host: string): OutlastError =>
  message.startsWith('ERR DB index')
    ? new ConfigError(
        `Redis at ${host} has no database of the number that ends REDIS_URL: set it to one that there is, such as 0.`,
      )
    : new ConfigError(
        `Redis at ${host} does not know what is asked of it (${message.replace(/,? with args beginning.*/s, '')}): use Redis 7 or newer, or Valkey.`,
      )

const codeOf = (thrown: unknown): string => {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : ''
}
