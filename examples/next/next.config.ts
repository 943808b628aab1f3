import type { NextConfig } from 'next'

const config: NextConfig = {
  // Outlast is loaded by Node as it is, once for all routes and pages.
  serverExternalPackages: ['outlast'],
  // Only because this folder has another package around it.
  turbopack: { root: `${import.meta.dirname}/..` },
}

export default config
