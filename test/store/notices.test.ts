import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { createNotices } from '../../src/store/notices.ts'
import { createTestDatabase } from '../support/postgres.ts'

/** Longer than a connection may be silent. */
const QUIET_MS = 11_000

test('a connection that listens stays while nobody says anything', async () => {
  await using database = await createTestDatabase()
  await using db = await openDatabase({ url: database.url })
  const errors: Error[] = []
  const states: boolean[] = []
  const onError = (error: Error) => void errors.push(error)
  const notices = createNotices(db, { name: 'one', schema: 'quiet', url: database.url, onError })
  const heard: string[] = []
  await using _ear = notices.listen({
    hear: (payload) => void heard.push(payload),
    changed: (listens) => void states.push(listens),
  })
  await expect.poll(() => states).toEqual([true])
  await sleep(QUIET_MS)
  await notices.send([{ to: undefined, payload: 'still there?' }])
  await expect.poll(() => heard).toEqual(['still there?'])
  expect(states).toEqual([true])
  expect(errors).toEqual([])
})
