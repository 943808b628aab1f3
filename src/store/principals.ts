/** Workspaces and users exist in our tables as soon as one of their requests was seen. */
import type { Principal } from '../domain/run.ts'
import type { OutlastDatabase } from './database.ts'
import { sayingOutage } from './outage.ts'

/** What people call them; their ids when nothing is given. */
export type PrincipalNames = {
  readonly workspace?: string | undefined
  readonly user?: string | undefined
}

export const createPrincipals = (db: OutlastDatabase) =>
  sayingOutage({
    ensure: (principal: Principal, names?: PrincipalNames) => ensure(db, principal, names),
    names: (principal: Principal) => namesOf(db, principal),
    /** Whether they were ever seen. */
    isKnown: (principal: Principal) => isKnown(db, principal),
  })

/** What is there already stays as it is. */
async function ensure(
  db: OutlastDatabase,
  { workspaceId, userId }: Principal,
  names: PrincipalNames = {},
): Promise<void> {
  await db
    .with('workspace', (qb) =>
      qb
        .insertInto('workspaces')
        .values({ id: workspaceId, name: names.workspace ?? workspaceId })
        .onConflict((conflict) => conflict.column('id').doNothing()),
    )
    .insertInto('users')
    .values({ workspaceId, id: userId, name: names.user ?? userId })
    .onConflict((conflict) => conflict.columns(['workspaceId', 'id']).doNothing())
    .execute()
}

/** Ids, where they have just been removed. */
async function namesOf(
  db: OutlastDatabase,
  { workspaceId, userId }: Principal,
): Promise<{ workspace: string; user: string }> {
  const names = await db
    .selectFrom('users')
    .innerJoin('workspaces', 'workspaces.id', 'users.workspaceId')
    .select(['workspaces.name as workspace', 'users.name as user'])
    .where('users.workspaceId', '=', workspaceId)
    .where('users.id', '=', userId)
    .executeTakeFirst()
  return names ?? { workspace: workspaceId, user: userId }
}

async function isKnown(db: OutlastDatabase, { workspaceId, userId }: Principal): Promise<boolean> {
  const user = await db
    .selectFrom('users')
    .select('id')
    .where('workspaceId', '=', workspaceId)
    .where('id', '=', userId)
    .executeTakeFirst()
  return user !== undefined
}
