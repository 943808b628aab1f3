/** Whether the database answers. */
import { sql } from 'kysely'
import type { OutlastDatabase } from './database.ts'

/** How long an answer may take. */
const PATIENCE_MS = 2000

/** @returns false also when the answer takes too long */
export const databaseAnswers = async (db: OutlastDatabase): Promise<boolean> => {
  const asked = sql`select 1`.execute(db).then(
    () => true,
    () => false,
  )
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, false)
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}
