/** `outlast token`: bearer tokens of users, made where the database is. */
import { z } from 'zod'
import type { CliConfig } from '../config.ts'
import { CONTROL_ROUTES } from '../control-address.ts'
import { pathOf } from '../protocol/routes.ts'
import { askJson, queryOf } from './api.ts'
import { NothingFoundError, UsageError } from './errors.ts'
import { reachOperator } from './reach.ts'
import { note, say, sayJson, sayTable, type Shell } from './shell.ts'
import type { Column } from './table.ts'
import { expiryOf, localTime } from './times.ts'

const time = z.iso.datetime()
const record = z.object({
  id: z.string(),
  workspaceId: z.string(),
  userId: z.string(),
  name: z.string(),
  createdAt: time,
  expiresAt: time.nullable(),
  lastUsedAt: time.nullable(),
  revokedAt: time.nullable(),
})
const created = record.extend({ token: z.string() })
const listed = z.object({ tokens: z.array(record) })
const revoked = z.object({ token: record.nullable() })

type Format = { readonly json?: true }

export type NewTokenOptions = Format & {
  readonly user: string
  readonly workspace: string
  readonly name: string
  readonly expires?: string
}

export const createToken = async (shell: Shell, config: CliConfig, options: NewTokenOptions) => {
  const { user: userId, workspace: workspaceId, name, expires, json } = options
  const expiresAt = expires === undefined ? undefined : expiryOf(expires, Date.now())
  await using reach = await reachOperator(shell, config)
  const token = await askJson(reach, created, CONTROL_ROUTES.tokens, {
    method: 'POST',
    body: { workspaceId, userId, name, expiresAt },
  })
  if (json) return sayJson(shell, token)
  say(shell, token.token)
  const end =
    token.expiresAt === null ? 'until it is revoked' : `until ${localTime(token.expiresAt)}`
  note(shell, `Token ${token.id}, valid ${end}. It is shown this once; only its hash is kept.`)
}

export type TokenListOptions = Format & { readonly workspace?: string; readonly user?: string }

export const listTokens = async (shell: Shell, config: CliConfig, options: TokenListOptions) => {
  const { workspace, user, json } = options
  if (user !== undefined && workspace === undefined)
    throw new UsageError('A user is one of a workspace: say which with --workspace.')
  await using reach = await reachOperator(shell, config)
  const path = `${CONTROL_ROUTES.tokens}${queryOf({ workspace, user })}`
  const answer = await askJson(reach, listed, path)
  if (json) return sayJson(shell, answer)
  if (answer.tokens.length === 0) return note(shell, 'There are no tokens.')
  sayTable(shell, COLUMNS, answer.tokens)
}

export const revokeToken = async (
  shell: Shell,
  config: CliConfig,
  id: string,
  { json }: Format,
): Promise<void> => {
  await using reach = await reachOperator(shell, config)
  const path = pathOf(CONTROL_ROUTES.token, { id })
  const { token } = await askJson(reach, revoked, path, { method: 'DELETE' })
  if (token === null) throw new NothingFoundError(`There is no token ${id}.`)
  if (json) return sayJson(shell, token)
  say(shell, `revoked ${token.id} (${token.name}, of ${token.userId} in ${token.workspaceId})`)
}

type TokenRow = z.output<typeof record>

const stateOf = ({ revokedAt, expiresAt }: TokenRow): string => {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'valid'
}

const COLUMNS: readonly Column<TokenRow>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'STATE', of: stateOf },
  { head: 'WORKSPACE', of: ({ workspaceId }) => workspaceId, flexible: true },
  { head: 'USER', of: ({ userId }) => userId, flexible: true },
  { head: 'NAME', of: ({ name }) => name, flexible: true },
  { head: 'CREATED', of: ({ createdAt }) => localTime(createdAt) },
  { head: 'EXPIRES', of: ({ expiresAt }) => localTime(expiresAt) },
  { head: 'USED', of: ({ lastUsedAt }) => localTime(lastUsedAt) },
]
