/** TypeScript source as a tree one can ask: what it imports, what it says. Types are not known here, only shapes. */
import { parseSync } from 'vite'

export type Node = { type: string; start: number; [property: string]: unknown }

export type Source = {
  path: string
  text: string
  nodes: readonly Visited[]
  imports: readonly Import[]
  comments: readonly { value: string; line: number }[]
}

/** `role` is the property of the parent that holds the node. */
export type Visited = { node: Node; role: string; parent: Node | undefined; line: number }
export type Import = { specifier: string; typeOnly: boolean; line: number }

export const parseSource = (path: string, text: string): Source => {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`)
  const lineAt = lineFinder(text)
  const nodes: Visited[] = []
  visit(program as unknown as Node, 'program', undefined, (node, role, parent) => {
    nodes.push({ node, role, parent, line: lineAt(node.start) })
  })
  return {
    path,
    text,
    nodes,
    imports: nodes.flatMap(({ node, line }) => {
      const found = importOf(node)
      return found === undefined ? [] : [{ ...found, line }]
    }),
    comments: comments.map(({ value, start }) => ({ value, line: lineAt(start) })),
  }
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

const visit = (
  node: Node,
  role: string,
  parent: Node | undefined,
  see: (node: Node, role: string, parent: Node | undefined) => void,
): void => {
  see(node, role, parent)
  for (const [property, value] of Object.entries(node)) {
    for (const child of [value].flat()) if (isNode(child)) visit(child, property, node, see)
  }
}

const lineFinder = (text: string): ((offset: number) => number) => {
  const starts = [...text.matchAll(/\n/g)].map(({ index }) => index + 1)
  return (offset) => 1 + starts.filter((start) => start <= offset).length
}

const importOf = (node: Node): Omit<Import, 'line'> | undefined => {
  const source = isNode(node['source']) ? node['source']['value'] : undefined
  if (typeof source !== 'string') return undefined
  const kinds = (node['specifiers'] ?? []) as Node[]
  const allTypes = (kind: string) =>
    node[kind] === 'type' || (kinds.length > 0 && kinds.every((one) => one[kind] === 'type'))
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier: source, typeOnly: allTypes('importKind') }
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return { specifier: source, typeOnly: allTypes('exportKind') }
    case 'ImportExpression':
      return { specifier: source, typeOnly: false }
    case 'TSImportType':
      return { specifier: source, typeOnly: true }
    default:
      return undefined
  }
}

/** `Date.now` for a chain of plain names, undefined for anything else. */
export const nameOf = (node: unknown): string | undefined => {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return String(node['name'])
  if (node.type !== 'MemberExpression') return undefined
  const object = nameOf(node['object'])
  const property = memberName(node)
  return object === undefined || property === undefined ? undefined : `${object}.${property}`
}

const memberName = (node: Node): string | undefined => {
  const property = node['property']
  if (!isNode(property)) return undefined
  if (node['computed'] !== true) return String(property['name'])
  return typeof property['value'] === 'string' ? property['value'] : undefined
}
