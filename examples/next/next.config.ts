import type { NextConfig } from 'next'

const config: NextConfig = {
  // Only because this folder has another package around it.
  turbopack: { root: `${import.meta.dirname}/..` },
}

export default config
