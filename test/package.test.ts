import { existsSync, globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LOWEST } from '../src/agent/installed.ts'

type Locked = {
  resolved?: string
  hasInstallScript?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

type Manifest = {
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional: boolean }>
  allowScripts?: Record<string, boolean>
}

const manifestIn = (folder: string) =>
  JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Manifest
const manifest = manifestIn('.')
const EXACT = /^(npm:(ai|@ai-sdk\/react)@)?\d/

const lockedIn = (folder: string) =>
  (
    JSON.parse(readFileSync(`${folder}/package-lock.json`, 'utf8')) as {
      packages: Record<string, Locked>
    }
  ).packages

test('every public entry has a source', () => {
  const targets = [...Object.values(manifest.bin), ...Object.values(manifest.exports)]
    .flatMap((target) => (typeof target === 'string' ? [target] : Object.values(target)))
    .map((target) => target.replace('./', ''))
    .filter((target) => target.startsWith('dist/'))
  const sources = targets.map((target) =>
    target.replace('dist/', 'src/').replace(/(\.d\.ts|\.js)$/, '.ts'),
  )
  expect(sources).not.toEqual([])
  expect(sources.filter((source) => !existsSync(source))).toEqual([])
})

test.each(['.', 'examples', 'test/compat/clients'])('every version in %s is exact', (folder) => {
  const { dependencies, devDependencies } = manifestIn(folder)
  const versions = Object.entries({ ...dependencies, ...devDependencies })
  const loose = versions.filter(([name, version]) => name !== 'outlast' && !EXACT.test(version))
  expect(loose).toEqual([])
})

test.each(['.', 'examples', 'test/compat/clients'])(
  'the lock file of %s names no server and has every platform, so that npm ci works anywhere',
  (folder) => {
    const locked = lockedIn(folder)
    const packages = Object.entries(locked)
    const addresses = packages.map(([, { resolved }]) => resolved)
    expect(addresses.filter((address) => address !== undefined && address !== 'file:..')).toEqual(
      [],
    )
    const missing = packages.flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !locked[`node_modules/${name}`] && !locked[`${path}/node_modules/${name}`],
      ),
    )
    expect(missing).toEqual([])
  },
)

test.each(['.', 'examples', 'test/compat/clients'])(
  'every package with an install script in %s was looked at',
  (folder) => {
    const { allowScripts = {} } = manifestIn(folder)
    const names = Object.entries(lockedIn(folder))
      .filter(([, locked]) => locked.hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(names.filter((name) => !(name in allowScripts))).toEqual([])
  },
)

test('the examples have what Outlast needs: npm update --package-lock-only outlast in examples', () => {
  const { dependencies, peerDependencies } = lockedIn('examples')['node_modules/outlast'] ?? {}
  expect(dependencies).toEqual(manifest.dependencies)
  expect(peerDependencies).toEqual(manifest.peerDependencies)
})

test('the examples name every package that they import', () => {
  const { dependencies, devDependencies } = manifestIn('examples')
  const files = globSync('examples/{hono,express,next}/**/*.{ts,tsx}', {
    exclude: ['**/node_modules', '**/.next', '**/dist', '**/next-env.d.ts'],
  })
  const imported = files.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(/ from '((?:@[^/']+\/)?[^@./'][^/':]*)(?:\/[^']*)?'/g),
    ].map(([, name]) => name!),
  )
  expect(imported).toContain('outlast')
  const named = { ...dependencies, ...devDependencies }
  expect(imported.filter((name) => !(name in named))).toEqual([])
})

test('the oldest ai that a server takes is the one that the tests have too', () => {
  expect(manifest.devDependencies['ai-lowest']).toBe(`npm:ai@${LOWEST.ai}`)
})

test('what else a server needs is looked for in the version that the tests have', () => {
  const { ai: _, ...others } = LOWEST
  for (const [name, lowest] of Object.entries(others))
    expect(lowest, name).toBe(manifest.devDependencies[name])
})

test('all that it asks for but ai is optional, and the tests have the newest major that it takes', () => {
  const { ai, ...optional } = manifest.peerDependencies
  expect(Object.keys(optional).toSorted()).toEqual(
    Object.keys(manifest.peerDependenciesMeta).toSorted(),
  )
  for (const [name, range] of Object.entries({ ai: ai!, ...optional })) {
    const version = manifest.devDependencies[name]!
    const below = /<(\d+)$/.exec(range)?.[1]
    if (below) expect(Number(below), name).toBe(Number(version.split('.')[0]) + 1)
    else expect([`^${version}`, '>=18'], name).toContain(range)
  }
})

test('what pages have beside it is taken in the versions that belong to AI SDK 5, 6 and 7', () => {
  const { peerDependencies } = manifest
  expect(peerDependencies['ai']).toBe('>=5.0.0 <8')
  for (const name of ['anthropic', 'google', 'openai', 'react'])
    expect(peerDependencies[`@ai-sdk/${name}`], name).toBe('>=2.0.0 <5')
  expect(peerDependencies['@ai-sdk/mcp']).toBe('<3')
})
