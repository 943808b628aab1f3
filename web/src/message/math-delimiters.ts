/** Formulas as many models write them, `\(…\)` and `\[…\]`, become those of Markdown; code stays as it is. */

const CODE_OR_MATH =
  /(?<code>(?<fence>```+|~~~+)[^]*?(?:\k<fence>|(?![^]))|(?<tick>`+)[^\n]*?\k<tick>)|^(?<indent>[ \t]*)\\\[(?<block>[^]+?)\\\]|\\\[(?<display>[^]+?)\\\]|\\\((?<inline>[^\n]+?)\\\)/gm

export const mathDelimiters = (markdown: string): string => {
  if (!markdown.includes('\\(') && !markdown.includes('\\[')) return markdown
  return markdown.replaceAll(CODE_OR_MATH, (whole: string, ...rest: unknown[]) => {
    const found = rest.at(-1) as Record<string, string | undefined>
    const { code, indent = '', block, display, inline } = found
    if (code !== undefined) return whole
    if (block === undefined) return `$$${(display ?? inline)!.trim()}$$`
    return `${indent}$$\n${indent}${block.trim()}\n${indent}$$`
  })
}
