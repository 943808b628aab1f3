/** The rules of the house, each a function from source files to what breaks it. ARCHITECTURE.md has the reasons. */
import { posix } from 'node:path'
import { type Import, isNode, nameOf, type Node, type Source, type Visited } from './syntax.ts'

export type Rule = (source: Source) => string[]

const LAYERS: Record<string, { layers: string[]; files?: string[]; packages: 'any' | string[] }> = {
  domain: { layers: [], packages: [] },
  protocol: { layers: ['domain'], packages: ['zod', 'type:ai'] },
  engine: { layers: ['domain'], packages: ['type:ai'] },
  store: {
    layers: ['domain'],
    files: ['engine/ports.ts', 'engine/catalog-ports.ts'],
    packages: 'any',
  },
  queue: { layers: ['domain'], files: ['engine/ports.ts'], packages: 'any' },
  agent: { layers: ['domain'], files: ['engine/ports.ts'], packages: 'any' },
  telemetry: { layers: ['domain'], files: ['engine/ports.ts'], packages: 'any' },
  http: { layers: ['domain', 'protocol', 'engine'], packages: 'any' },
  client: { layers: ['domain', 'protocol'], packages: ['ai', 'zod'] },
  react: { layers: ['domain', 'protocol', 'client'], packages: ['ai', 'react', '@ai-sdk/react'] },
}

/** Everything wrong with these files, as `path:line: sentence`. */
export const findViolations = (sources: readonly Source[]): string[] => [
  ...sources.flatMap((source) => RULES.flatMap((rule) => rule(source))),
  ...checkErrorCodes(sources),
]

export const at = ({ path }: Source, line: number, sentence: string): string =>
  `${path}:${line}: ${sentence}`

/** The folder below src, or '' for a composition root: the files of src itself, and the commands. */
const layerOf = (path: string): string => {
  const folder = /^src\/([^/]+)\//.exec(path)?.[1] ?? ''
  return folder === 'cli' ? '' : folder
}

const checkImports: Rule = (source) => {
  const layer = layerOf(source.path)
  if (layer === '') return []
  if (!(layer in LAYERS)) return [at(source, 1, `the folder src/${layer} belongs to no layer.`)]
  return source.imports.flatMap((one) => {
    const allowed = one.specifier.startsWith('.')
      ? mayImportFile(layer, posix.join(posix.dirname(source.path), one.specifier))
      : mayImportPackage(layer, one)
    return allowed ? [] : [at(source, one.line, `${layer} may not import '${one.specifier}'.`)]
  })
}

const mayImportFile = (layer: string, target: string): boolean => {
  const to = layerOf(target)
  if (to === layer) return true
  const { layers = [], files = [] } = LAYERS[layer] ?? {}
  return layers.includes(to) || files.some((file) => target === `src/${file}`)
}

const mayImportPackage = (layer: string, { specifier, typeOnly }: Import): boolean => {
  const { packages = [] } = LAYERS[layer] ?? {}
  return (
    packages === 'any' ||
    packages.includes(specifier) ||
    (typeOnly && packages.includes(`type:${specifier}`))
  )
}

const AMBIENT = new Set([
  'AbortSignal.timeout',
  'Date.now',
  'Math.random',
  'crypto',
  'fetch',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
])

/** A name that is read as a value: no key of an object, no property of something else. */
const isReference = ({ node, role, parent }: Visited): boolean =>
  node.type === 'MemberExpression' ||
  (node.type === 'Identifier' &&
    !((role === 'key' || role === 'property') && !parent?.['computed']))

const checkAmbient: Rule = (source) => {
  if (!['domain', 'engine'].includes(layerOf(source.path))) return []
  return source.nodes.flatMap((visited) => {
    const { node, line } = visited
    const name = isReference(visited) ? nameOf(node) : undefined
    const isNow =
      ['NewExpression', 'CallExpression'].includes(node.type) &&
      nameOf(node['callee']) === 'Date' &&
      (node.type === 'CallExpression' || (node['arguments'] as Node[]).length === 0)
    if (!isNow && (name === undefined || !AMBIENT.has(name))) return []
    return [at(source, line, `${name ?? 'the current Date'} is ambient: take it through a port.`)]
  })
}

const checkEnvironment: Rule = (source) => {
  if (source.path === 'src/config.ts') return []
  return source.nodes.flatMap(({ node, line }) => {
    const read = nameOf(node) === 'process.env'
    const taken = node.type === 'VariableDeclarator' && nameOf(node['init']) === 'process'
    const imported = node.type === 'ImportSpecifier' && nameOf(node['imported']) === 'env'
    if (!read && !taken && !imported) return []
    return [at(source, line, 'the environment is read in src/config.ts only.')]
  })
}

const checkThrows: Rule = (source) =>
  source.nodes.flatMap(({ node, line }) => {
    const thrown = node.type === 'ThrowStatement' ? node['argument'] : undefined
    if (!isNode(thrown)) return []
    const name = nameOf(thrown['callee'])
    if (!name || !/^(Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/.test(name)) return []
    return [at(source, line, `throw a named error of src/domain/errors.ts instead of ${name}.`)]
  })

export const checkComments: Rule = (source) =>
  source.comments.flatMap(({ value, line }) => {
    if (/@ts-(ignore|nocheck)/.test(value))
      return [at(source, line, 'type errors are not ignored.')]
    const bare =
      /(oxlint|eslint)-disable(?!.*--\s*\S.{8})/s.test(value) ||
      /@ts-expect-error(?!.*[a-z].{8})/s.test(value)
    return bare ? [at(source, line, 'a suppression says why, after "--".')] : []
  })

export const LINES_TO_THINK = 300
const LINES_TOO_MANY = 400

export const linesOf = ({ text }: Source): number => text.trimEnd().split('\n').length

export const checkSize: Rule = (source) =>
  linesOf(source) > LINES_TOO_MANY
    ? [at(source, linesOf(source), `more than ${LINES_TOO_MANY} lines: it is two things.`)]
    : []

const checkPorts: Rule = (source) => {
  if (!/^src\/engine\/([a-z]+-)?ports\.ts$/.test(source.path)) return []
  return source.nodes.flatMap(({ node, line }) => {
    if (node['optional'] !== true) return []
    const isMethod = node.type === 'TSMethodSignature'
    const isProperty = node.type === 'TSPropertySignature' && holdsFunction(node['typeAnnotation'])
    if (!isMethod && !isProperty) return []
    return [at(source, line, 'every method of a port is required.')]
  })
}

const holdsFunction = (type: unknown): boolean => {
  if (!isNode(type)) return false
  if (type.type === 'TSFunctionType') return true
  if (type.type === 'TSUnionType') return (type['types'] as Node[]).some(holdsFunction)
  return holdsFunction(type['typeAnnotation'])
}

const RULES: readonly Rule[] = [
  checkImports,
  checkAmbient,
  checkEnvironment,
  checkThrows,
  checkComments,
  checkSize,
  checkPorts,
]

/** Every class below OutlastError has a literal `code` that no other has. */
const checkErrorCodes = (sources: readonly Source[]): string[] => {
  const family = new Set(['OutlastError'])
  const owners = new Map<string, string>()
  const classes = sources.flatMap((source) =>
    source.nodes.flatMap(({ node, line }) => (isClass(node) ? [{ source, node, line }] : [])),
  )
  // A class may stand before its parent's file in the list: go on until nobody joins.
  const kin = () => classes.filter(({ node }) => family.has(nameOf(node['superClass']) ?? ''))
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const { node } of kin()) family.add(nameOf(node['id']) ?? '')
  }
  return kin().flatMap(({ source, node, line }) => {
    if (node['abstract'] === true) return []
    const name = nameOf(node['id']) ?? 'a class'
    const code = codeOf(node)
    if (code === undefined) return [at(source, line, `${name} has no literal code of its own.`)]
    const owner = owners.get(code)
    owners.set(code, name)
    return owner === undefined ? [] : [at(source, line, `${name} and ${owner} share ${code}.`)]
  })
}

const isClass = (node: Node): boolean =>
  node.type === 'ClassDeclaration' || node.type === 'ClassExpression'

const codeOf = (node: Node): string | undefined => {
  const members = isNode(node['body']) ? (node['body']['body'] as Node[]) : []
  const code = members.find((member) => nameOf(member['key']) === 'code')
  let value = code?.['value']
  while (isNode(value) && value.type === 'TSAsExpression') value = value['expression']
  return isNode(value) && typeof value['value'] === 'string' ? value['value'] : undefined
}
