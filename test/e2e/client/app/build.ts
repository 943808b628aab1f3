/** Builds the page, as a development build, which warns of what React finds wrong, and the program that renders it on the server. */
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type InlineConfig } from 'vite'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

export type BuiltPage = AsyncDisposable & { readonly folder: string }

export const buildPage = async (): Promise<BuiltPage> => {
  const folder = await mkdtemp(join(tmpdir(), 'outlast-page-'))
  const shared = (entry: string, output: string): InlineConfig => ({
    root: here('.'),
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      target: 'es2022',
      rolldownOptions: { input: here(entry), output: { entryFileNames: output } },
    },
  })
  await build(shared('page.tsx', 'page.js'))
  const rendering = shared('render.tsx', 'render.mjs')
  await build({ ...rendering, build: { ...rendering.build, ssr: true } })
  await cp(here('recorder.js'), join(folder, 'recorder.js'))
  // What renders is not bundled with its packages.
  await symlink(here('../../../../node_modules'), join(folder, 'node_modules'))
  return {
    folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
