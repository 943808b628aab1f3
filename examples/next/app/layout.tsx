import type { ReactNode } from 'react'

export const metadata = { title: 'Outlast on Next.js', icons: 'data:,' }

const Layout = ({ children }: { children: ReactNode }) => (
  <html lang="en">
    <body>{children}</body>
  </html>
)

export default Layout
