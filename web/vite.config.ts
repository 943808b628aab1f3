import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { gzipped } from './gzipped.ts'
import { katexFonts } from './katex-fonts.ts'
import { themeCss } from './theme-css.ts'

const source = (path: string) => fileURLToPath(new URL(`../src/${path}/index.ts`, import.meta.url))

export default defineConfig({
  plugins: [themeCss(), katexFonts(), gzipped()],
  resolve: {
    // What the package exports, from its sources: the page is built without building the package first.
    alias: {
      'outlast/client': source('client'),
      'outlast/react': source('react'),
      'outlast/protocol': source('protocol'),
    },
  },
  build: {
    target: 'es2022',
    // The page runs under a strict content security policy: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: false,
    // kB. The largest is React with Mantine, which every page needs; the rest is loaded with what uses it.
    chunkSizeWarningLimit: 800,
    // What the page is made of says so, where it goes.
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      output: {
        // Zod is told what it may not do before any chunk makes a schema.
        codeSplitting: { groups: [{ name: 'zod', test: /no-eval|node_modules[\\/]zod[\\/]/ }] },
      },
      onLog(level, log, report) {
        // Packages say "use client" for frameworks that render on a server; this page has no server side.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log)
      },
    },
  },
})
