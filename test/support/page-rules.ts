/** The rules of the page, each a function from source files to what breaks it. */
import { posix } from 'node:path'
import { checkComments, checkSize, at, type Rule } from './house-rules.ts'
import { isNode, nameOf, type Node } from './syntax.ts'

const PUBLIC = new Set(['outlast/client', 'outlast/react', 'outlast/protocol'])

/** The page is the first customer: what it cannot do with the public exports, nobody can. */
const checkImports: Rule = (source) =>
  source.imports.flatMap(({ specifier, line }) => {
    const isRelative = specifier.startsWith('.')
    const target = posix.join(posix.dirname(source.path), specifier)
    const isOurs = specifier === 'outlast' || specifier.startsWith('outlast/')
    const isAllowed = isRelative
      ? target.startsWith('web/src/')
      : !specifier.startsWith('node:') && (!isOurs || PUBLIC.has(specifier))
    return isAllowed ? [] : [at(source, line, `the page may not import '${specifier}'.`)]
  })

const SPOKEN = new Set(['alt', 'aria-description', 'aria-label', 'label', 'placeholder', 'title'])
const LETTERS = /\p{L}{2}/u

/** What a person reads or hears stands in web/src/strings, ready for a translation. */
const checkTexts: Rule = (source) =>
  source.nodes.flatMap(({ node, role, parent, line }) => {
    const isText = node.type === 'JSXText'
    const attribute =
      node.type === 'Literal' && role === 'value' && parent?.type === 'JSXAttribute'
        ? attributeName(parent)
        : undefined
    const isChild = node.type === 'Literal' && parent?.type === 'JSXExpressionContainer'
    const isSpoken = attribute === undefined ? isText || isChild : SPOKEN.has(attribute)
    const value = node['value']
    if (!isSpoken || typeof value !== 'string' || !LETTERS.test(value)) return []
    return [at(source, line, `'${value.trim()}' belongs into web/src/strings.`)]
  })

const attributeName = (attribute: Node): string => {
  const name = attribute['name']
  return isNode(name) && typeof name['name'] === 'string' ? name['name'] : ''
}

const RAW = new Set([
  'dangerouslySetInnerHTML',
  'innerHTML',
  'insertAdjacentHTML',
  'outerHTML',
  'srcdoc',
  'srcDoc',
])

/** Nothing that somebody said becomes markup. */
const checkRawHtml: Rule = (source) =>
  source.nodes.flatMap(({ node, line }) => {
    const name = node['name']
    const isRaw =
      ((node.type === 'Identifier' || node.type === 'JSXIdentifier') &&
        typeof name === 'string' &&
        RAW.has(name)) ||
      nameOf(node) === 'document.write'
    return isRaw ? [at(source, line, 'markup is made by React only.')] : []
  })

export const PAGE_RULES: readonly Rule[] = [
  checkImports,
  checkTexts,
  checkRawHtml,
  checkComments,
  checkSize,
]
