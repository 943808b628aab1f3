import { defineConfig } from 'vite'

export default defineConfig({
  build: {
    target: 'es2022',
    // The page runs under a strict content security policy: nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      onLog(level, log, report) {
        // Packages say "use client" for frameworks that render on a server; this page has no server side.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log)
      },
    },
  },
})
