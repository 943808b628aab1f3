/** What a page gets that imports the client: nothing of a server, no schemas, and not much. */
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { build, type Rolldown } from 'vite'

const MOST_KB = 40

/** Minified, as a page is built; without the packages that the page has itself. */
const bundled = async (entry: string, external: readonly string[]) => {
  const outputs = (await build({
    configFile: false,
    logLevel: 'silent',
    oxc: { jsx: { runtime: 'automatic', development: false } },
    build: {
      write: false,
      minify: true,
      lib: { entry: fileURLToPath(new URL(`../../${entry}`, import.meta.url)), formats: ['es'] },
      rolldownOptions: { external: [...external] },
    },
  })) as Rolldown.RolldownOutput[]
  const chunks = outputs.flatMap(({ output }) => output.filter((one) => one.type === 'chunk'))
  return {
    code: chunks.map(({ code }) => code).join(''),
    imports: chunks.flatMap((chunk) => [...chunk.imports, ...chunk.dynamicImports]),
    modules: chunks.flatMap(({ moduleIds }) => moduleIds),
  }
}

it.each([
  ['src/client/index.ts', ['ai']],
  ['src/react/index.ts', ['ai', 'react', 'react/jsx-runtime', '@ai-sdk/react']],
])('%s in a page brings its own folders and nothing else', async (entry, external) => {
  const { code, imports, modules } = await bundled(entry, external)
  const kB = gzipSync(code, { level: 9 }).byteLength / 1000
  process.stderr.write(`${entry} minified: ${kB.toFixed(1)} kB gzip, ${code.length / 1000} kB\n`)
  expect(kB).toBeLessThan(MOST_KB)
  expect(imports.filter((one) => !external.includes(one))).toEqual([])
  expect(modules.length).toBeGreaterThan(5)
  // Neither zod nor a stand-in for a module of Node.
  const ours = /\/src\/(client|react|protocol|domain)\/[^?]+$/
  expect(modules.filter((id) => !ours.test(id))).toEqual([])
  expect(code).not.toMatch(/node:|\bprocess\.|\bBuffer\b/)
})
