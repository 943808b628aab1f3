/** `outlast migrate`: brings a database to this version, for servers whose own user may not. */
import type { CliConfig } from '../config.ts'
import { note, say, sayJson, type Shell } from './shell.ts'

export const migrateDatabase = async (
  shell: Shell,
  { databaseUrl, dataDir }: CliConfig,
  { json }: { readonly json?: true },
): Promise<void> => {
  const { openStore } = await import('../store/database.ts')
  const { migrate } = await import('../store/migrate.ts')
  await using store = await openStore(
    databaseUrl === undefined ? { dataDir } : { url: databaseUrl },
  )
  const applied = await migrate(store.db)
  if (json) return sayJson(shell, { applied })
  for (const name of applied) say(shell, `applied ${name}`)
  if (applied.length === 0) note(shell, 'The database is at this version already.')
}
