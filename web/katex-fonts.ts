/** Of each font of formulas the one file that every browser of this page reads. */
import type { Plugin } from 'vite'

const OTHERS = /,url\([^)]*\.(?:woff|ttf)\) ?format\("[^"]*"\)/g

export const katexFonts = (): Plugin => ({
  name: 'katex-fonts',
  enforce: 'pre',
  transform: (code, id) => (id.endsWith('katex.min.css') ? code.replaceAll(OTHERS, '') : undefined),
})
