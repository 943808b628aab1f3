/** `node bench/flame.ts <file.cpuprofile> <file.svg>`: where the time of a server went, as a flame graph (callers above). */
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'

type ProfileNode = {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

type Profile = {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

type Frame = {
  readonly name: string
  readonly part: string
  total: number
  readonly children: Map<string, Frame>
}

/** Before this share of the samples the server starts and warms up. */
const SKIPPED = 0.4
/** Frames that are narrower are left out, and what is deeper. */
const NARROWEST = 0.004
const DEEPEST = 40
const [WIDTH, ROW] = [1200, 17]

/** What of the software a file belongs to, and its colour. */
const PARTS: readonly (readonly [RegExp, string, string])[] = [
  [/\/node_modules\/ai\/|webstreams/, 'AI SDK and web streams', '#e8a33d'],
  [/\/node_modules\/(kysely|pg|pg-[a-z]+|@electric-sql)\/|wasm/, 'database', '#6b9bd1'],
  [/\/node_modules\//, 'other packages', '#b39bc8'],
  [/\/bench\/(servers\/|script|rpc)/, 'the model of the bench', '#c9c9c9'],
  [/\/src\//, 'Outlast', '#5fae6b'],
  [/^$|./, 'Node', '#e0d6c3'],
]

const partOf = (url: string): string => PARTS.find(([pattern]) => pattern.test(url))![1]

const frameOf = (name: string, part: string): Frame => ({
  name,
  part,
  total: 0,
  children: new Map(),
})

const IGNORED = new Set(['(idle)', '(program)', '(root)'])

/** One tree of everything that was sampled, callers first. */
const treeOf = ({ nodes, samples, timeDeltas }: Profile): Frame => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const stackOf = (id: number | undefined): ProfileNode[] =>
    id === undefined ? [] : [...stackOf(parents.get(id)), byId.get(id)!]
  const root = frameOf('all', '')
  for (let sample = Math.floor(samples.length * SKIPPED); sample < samples.length; sample++) {
    const stack = stackOf(samples[sample])
    if (IGNORED.has(stack.at(-1)?.callFrame.functionName ?? '(idle)')) continue
    let frame = root
    for (const { callFrame } of stack.slice(1)) {
      frame.total += timeDeltas[sample]!
      frame = childOf(frame, callFrame.functionName || '(anonymous)', callFrame.url)
    }
    frame.total += timeDeltas[sample]!
  }
  return root
}

/** Only the name of a file is kept of its path. */
const childOf = (frame: Frame, functionName: string, url: string): Frame => {
  const name = `${functionName} ${url.slice(url.lastIndexOf('/') + 1)}`.trim()
  const child = frame.children.get(name) ?? frameOf(name, partOf(url))
  frame.children.set(name, child)
  return child
}

const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)

const drawn = (root: Frame): { readonly boxes: string[]; readonly rows: number } => {
  const boxes: string[] = []
  let rows = 0
  const draw = (frame: Frame, left: number, depth: number): void => {
    const share = frame.total / root.total
    if (share < NARROWEST || depth > DEEPEST) return
    rows = Math.max(rows, depth + 1)
    if (depth > 0) boxes.push(boxOf(frame, share, left, depth))
    let x = left
    for (const child of [...frame.children.values()].toSorted((a, b) => b.total - a.total)) {
      draw(child, x, depth + 1)
      x += child.total / root.total
    }
  }
  draw(root, 0, 0)
  return { boxes, rows }
}

const boxOf = ({ name, part }: Frame, share: number, left: number, depth: number): string => {
  const [x, y, width] = [left * WIDTH, depth * ROW, share * WIDTH - 0.5]
  const colour = PARTS.find(([, known]) => known === part)![2]
  const letters = Math.floor(width / 6.2)
  const label =
    letters < 4
      ? ''
      : `<text x="${(x + 2).toFixed(1)}" y="${y + 12}">${escape(name.slice(0, letters))}</text>`
  return (
    `<g><title>${escape(name)}: ${(share * 100).toFixed(1)} %</title>` +
    `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colour}"/>${label}</g>`
  )
}

/** What each part has of the time that it does not spend in others. */
const ownTimes = (frame: Frame, times = new Map<string, number>()): Map<string, number> => {
  let own = frame.total
  for (const child of frame.children.values()) {
    own -= child.total
    ownTimes(child, times)
  }
  times.set(frame.part, (times.get(frame.part) ?? 0) + own)
  return times
}

const legendOf = (root: Frame, y: number): string => {
  const own = ownTimes(root)
  return PARTS.map(([, part, colour], index) => {
    const x = index * 195
    const share = (((own.get(part) ?? 0) / root.total) * 100).toFixed(0)
    return `<rect x="${x}" y="${y}" width="11" height="11" fill="${colour}"/><text x="${x + 16}" y="${y + 10}">${part} ${share} %</text>`
  }).join('')
}

const svgOf = (root: Frame): string => {
  const { boxes, rows } = drawn(root)
  const height = rows * ROW + 24
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="10">` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>${boxes.join('')}${legendOf(root, height - 16)}</svg>\n`
  )
}

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined)
  throw new TypeError('node bench/flame.ts <file.cpuprofile> <file.svg>')
writeFileSync(to, svgOf(treeOf(JSON.parse(readFileSync(from, 'utf8')) as Profile)))
