/** Where an operator's requests go, and what they are called. */
import { join, relative } from 'node:path'
import type { Caller } from './http/identity/identity.ts'

/** Beside these it has the routes of the HTTP interface. */
export const CONTROL_ROUTES = { tokens: '/control/tokens', token: '/control/tokens/:id' } as const

/** On whose behalf a request is made, percent-encoded. */
export const PRINCIPAL_HEADERS = { workspace: 'outlast-workspace', user: 'outlast-user' } as const

/** Whoever uses the server of a laptop. */
export const LOCAL_USER: Caller = {
  workspaceId: 'default',
  userId: 'local',
  workspaceName: 'Default',
  userName: 'Local user',
}

/** What a socket's address has room for, on the system with the least. */
const MAX_PATH_BYTES = 103

/** The socket of a data folder, relative where that is shorter; undefined where there can be none. */
export const controlPathOf = (dataDir: string): string | undefined => {
  if (process.platform === 'win32') return undefined
  const path = join(dataDir, 'control.sock')
  return [path, relative(process.cwd(), path)].find(
    (one) => Buffer.byteLength(one) <= MAX_PATH_BYTES,
  )
}
