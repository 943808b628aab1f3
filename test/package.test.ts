import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Locked = { hasInstallScript?: boolean; optionalDependencies?: Record<string, string> }

type Manifest = {
  bin: Record<string, string>
  exports: Record<string, string | Record<string, string>>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
  peerDependencies: Record<string, string>
  peerDependenciesMeta: Record<string, { optional: boolean }>
  allowScripts: Record<string, boolean>
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const lockText = readFileSync('package-lock.json', 'utf8')
const { packages } = JSON.parse(lockText) as { packages: Record<string, Locked> }

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

test('every version is exact', () => {
  const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
  expect(versions.filter((version) => !/^(npm:ai@)?\d/.test(version))).toEqual([])
})

test('the lock file names no server and has every platform, so that npm ci works anywhere', () => {
  expect(lockText).not.toContain('"resolved"')
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  )
  expect(missing).toEqual([])
})

test('every package with an install script has been looked at', () => {
  const names = Object.entries(packages)
    .filter(([, locked]) => locked.hasInstallScript)
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  expect(names.filter((name) => !(name in manifest.allowScripts))).toEqual([])
})

test('the oldest ai that it asks for is the one that the tests have too', () => {
  const lowest = manifest.devDependencies['ai-lowest']?.replace('npm:ai@', '')
  expect(manifest.peerDependencies['ai']).toBe(`^${lowest}`)
})

test('what is optional is asked for in the version that the tests have', () => {
  const { ai: _, ...optional } = manifest.peerDependencies
  expect(Object.keys(optional).toSorted()).toEqual(
    Object.keys(manifest.peerDependenciesMeta).toSorted(),
  )
  for (const [name, range] of Object.entries(optional))
    expect(range, name).toBe(`^${manifest.devDependencies[name]}`)
})
