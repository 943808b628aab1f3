/** Tokens are kept as hashes, checked by the database's clock, and belong to one user of one workspace. */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTokens, type Tokens } from '../../src/store/tokens.ts'
import { DATABASES, type MigratedDatabase } from '../conformance/databases.ts'

const ann = { workspaceId: 'acme', userId: 'ann' }
const inAnHour = () => new Date(Date.now() + 3_600_000)

describe.each(DATABASES)('tokens on %s', (_name, open) => {
  let database: MigratedDatabase
  let tokens: Tokens
  beforeAll(async () => {
    database = await open()
    tokens = createTokens(database.db)
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const rowOf = (id: string) =>
    database.db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  test('name their user from the moment they are made, who may be new', async () => {
    const made = await tokens.create({ principal: ann, name: 'laptop', expiresAt: inAnHour() })
    expect(made).toMatchObject({ ...ann, name: 'laptop', lastUsedAt: null, revokedAt: null })
    expect(await tokens.check(made.token)).toEqual({ kind: 'valid', principal: ann })
  })

  test('can be told from anything else, and never repeat', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => tokens.create({ principal: ann, name: 'x' })),
    )
    const texts = made.map(({ token }) => token)
    for (const text of texts) expect(text).toMatch(/^ol_[A-Za-z0-9_-]{43}$/)
    expect(new Set(texts).size).toBe(20)
  })

  test('are nowhere in the database, only their hashes', async () => {
    const { id, token } = await tokens.create({ principal: ann, name: 'secret' })
    const row = JSON.stringify(await rowOf(id))
    expect(row).not.toContain(token.slice(3))
    expect(row).toMatch(/"tokenHash":"[0-9a-f]{64}"/)
    const listed = JSON.stringify(await tokens.list('all'))
    expect(listed).not.toContain(token.slice(3))
    expect(listed).not.toContain('Hash')
  })

  test('let nobody in whose token differs in one character, is longer, shorter or a hash', async () => {
    const { id, token } = await tokens.create({ principal: ann, name: 'near' })
    const { tokenHash } = await rowOf(id)
    const other = token.endsWith('A') ? 'B' : 'A'
    const wrong = [
      token.slice(0, -1) + other,
      `${token}A`,
      token.slice(0, -1),
      token.toUpperCase(),
      ` ${token}`,
      `${token}\0`,
      tokenHash,
      '',
    ]
    for (const text of wrong) expect(await tokens.check(text), text).toEqual({ kind: 'unknown' })
  })

  test('end at their time', async () => {
    const { id, token } = await tokens.create({ principal: ann, name: 'x', expiresAt: inAnHour() })
    await database.db
      .updateTable('tokens')
      .set({ expiresAt: sql<Date>`now()` })
      .where('id', '=', id)
      .execute()
    expect(await tokens.check(token)).toEqual({ kind: 'expired' })
  })

  test('end at once when they are revoked, and a second time changes nothing', async () => {
    const { id, token } = await tokens.create({ principal: ann, name: 'lost' })
    const revoked = await tokens.revoke(id, ann)
    expect(revoked?.revokedAt).toBeInstanceOf(Date)
    expect(await tokens.check(token)).toEqual({ kind: 'revoked' })
    expect(await tokens.revoke(id, ann)).toEqual(revoked)
  })

  test('are seen and revoked inside their scope only', async () => {
    const bob = { workspaceId: 'acme', userId: 'bob' }
    const stranger = { workspaceId: 'other', userId: 'bob' }
    const { id, token } = await tokens.create({ principal: bob, name: 'bob' })
    const ids = async (scope: Parameters<Tokens['list']>[0]) =>
      (await tokens.list(scope)).map((record) => record.id)
    for (const scope of ['all', { workspaceId: 'acme' }, bob] as const)
      expect(await ids(scope)).toContain(id)
    for (const scope of [ann, stranger, { workspaceId: 'other' }]) {
      expect(await ids(scope)).not.toContain(id)
      expect(await tokens.revoke(id, scope)).toBeUndefined()
    }
    for (const forgotten of [{}, { workspaceId: 'acme', userId: undefined }])
      expect(await ids(forgotten as never)).toEqual([])
    expect(await tokens.revoke('no\0id', 'all')).toBeUndefined()
    expect(await tokens.check(token)).toEqual({ kind: 'valid', principal: bob })
  })

  test('note their use once a minute', async () => {
    const { id, token } = await tokens.create({ principal: ann, name: 'used' })
    const lastUse = async () => (await rowOf(id)).lastUsedAt
    await tokens.check(token)
    const first = await lastUse()
    expect(first).toBeInstanceOf(Date)
    await Promise.all([tokens.check(token), tokens.check(token)])
    expect(await lastUse()).toEqual(first)
    await database.db
      .updateTable('tokens')
      .set({ lastUsedAt: sql<Date>`now() - interval '61 seconds'` })
      .where('id', '=', id)
      .execute()
    await tokens.check(token)
    expect((await lastUse())!.getTime()).toBeGreaterThanOrEqual(first!.getTime())
  })

  test('need a name, and a time to come', async () => {
    for (const bad of [
      { name: ' ' },
      { name: 'x'.repeat(201) },
      { name: 'x', expiresAt: new Date(0) },
      { name: 'x', expiresAt: new Date('never') },
    ])
      await expect(tokens.create({ principal: ann, ...bad })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      })
  })

  test('go with their user', async () => {
    const { token } = await tokens.create({
      principal: { workspaceId: 'gone', userId: 'u' },
      name: 'x',
    })
    await database.db.deleteFrom('workspaces').where('id', '=', 'gone').execute()
    expect(await tokens.check(token)).toEqual({ kind: 'unknown' })
  })
})
