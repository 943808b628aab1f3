/** PostgreSQL whose transactions hold no locks for long when their process freezes: others can go on with its runs. */
import {
  CompiledQuery,
  PostgresDialect,
  PostgresDriver,
  type DatabaseConnection,
  type Driver,
  type PostgresDialectConfig,
  type TransactionSettings,
} from 'kysely'

/** Between two statements of a healthy process lie milliseconds; a run's lease lasts longer than this. */
const IDLE_MS = 5000

/** The server ends a transaction whose process says nothing for so long; to that process it is an outage. */
export class GuardedDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig

  constructor(config: PostgresDialectConfig) {
    super(config)
    this.#config = config
  }

  override createDriver(): Driver {
    return new GuardedDriver(this.#config)
  }
}

class GuardedDriver extends PostgresDriver {
  /** In one round trip. `local`, because a pooler shares sessions with others. */
  override async beginTransaction(
    connection: DatabaseConnection,
    { isolationLevel = 'read committed', accessMode }: TransactionSettings,
  ): Promise<void> {
    const begin = ['begin isolation level', isolationLevel, accessMode].join(' ')
    const guard = `set local idle_in_transaction_session_timeout = ${IDLE_MS}`
    await connection.executeQuery(CompiledQuery.raw(`${begin}; ${guard}`))
  }
}
