/** What happens to a run, as data: the real writer, builder, log and reader execute it. */
import fc from 'fast-check'
import type { ModelPart } from '../../../src/engine/ports.ts'

export type Happening =
  | { readonly kind: 'parts'; readonly parts: readonly ModelPart[] }
  | { readonly kind: 'flush' }
  | { readonly kind: 'break' }
  | { readonly kind: 'crash' }

export type StepScript = {
  readonly model: readonly Happening[]
  readonly tools: readonly ToolScript[]
  readonly crashInTools: boolean
  readonly rerun: boolean
}
export type ToolScript = {
  readonly yields: number
  readonly data: readonly (string | null)[]
  readonly ok: boolean
  /** Where it has to be decided about last, nobody does: the run is stopped, or superseded. */
  readonly gone: boolean
}

const texts = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }), {
  maxLength: 5,
})

/** Who executes a call, and who has to agree before. */
const TOOLS = ['act', 'act', 'ask', 'give', 'ask-and-give', 'allowed', 'refused'] as const

/** One or two parts whose deltas interleave. */
const modelParts = fc
  .array(
    fc.record({
      kind: fc.constantFrom('text', 'reasoning', 'call', 'source', 'silent-call'),
      tool: fc.constantFrom(...TOOLS),
      deltas: texts,
      close: fc.boolean(),
    }),
    { minLength: 0, maxLength: 4 },
  )
  .chain((specs) =>
    fc
      .array(fc.nat({ max: 3 }), { maxLength: 12 })
      .map((order) => weave(specs as PartSpec[], order)),
  )

type PartSpec = { kind: string; tool: string; deltas: string[]; close: boolean }

let serial = 0
const weave = (specs: readonly PartSpec[], order: readonly number[]): ModelPart[] => {
  const queues = specs.map((spec) => queueOf(spec, `p${++serial}`))
  const out: ModelPart[] = []
  for (const index of order) {
    const next = queues[index % Math.max(queues.length, 1)]?.shift()
    if (next) out.push(next)
  }
  return [...out, ...queues.flat()]
}

const queueOf = ({ kind, tool, deltas, close }: PartSpec, id: string): ModelPart[] => {
  const end = (part: ModelPart) => (close ? [part] : [])
  switch (kind) {
    case 'text':
    case 'reasoning':
      return [
        { type: `${kind}-start`, id },
        ...deltas.map((text): ModelPart => ({ type: `${kind}-delta`, id, text })),
        ...end({ type: `${kind}-end`, id }),
      ]
    case 'call':
      return [
        { type: 'tool-input-start', id, toolName: tool },
        ...deltas.map((delta): ModelPart => ({ type: 'tool-input-delta', id, delta })),
        ...end(callOf(id, tool, deltas.join(''))),
      ]
    case 'silent-call':
      return [callOf(id, tool, 'x')]
    default:
      return [{ type: 'source', sourceType: 'url', id, url: 'https://example.com/' }]
  }
}

const callOf = (id: string, toolName: string, text: string): ModelPart => ({
  type: 'tool-call',
  toolCallId: id,
  toolName,
  input: { text },
  dynamic: true,
})

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 6, arbitrary: modelParts.map((parts) => ({ kind: 'parts' as const, parts })) },
  { weight: 4, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'break' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
)

const toolScript: fc.Arbitrary<ToolScript> = fc.record({
  yields: fc.nat({ max: 3 }),
  data: fc.array(fc.option(fc.constantFrom('a', 'b')), { maxLength: 3 }),
  ok: fc.boolean(),
  gone: fc.nat({ max: 5 }).map((n) => n === 0),
})

const stepScript: fc.Arbitrary<StepScript> = fc.record({
  model: fc.array(happening, { minLength: 1, maxLength: 5 }),
  tools: fc.array(toolScript, { minLength: 4, maxLength: 4 }),
  crashInTools: fc.boolean(),
  rerun: fc.boolean(),
})

export const runScript = fc.record({
  steps: fc.array(stepScript, { minLength: 1, maxLength: 4 }),
  status: fc.constantFrom('succeeded' as const, 'failed' as const, 'aborted' as const),
  readers: fc.array(
    fc.record({
      joinAt: fc.nat({ max: 60 }),
      remote: fc.boolean(),
      mischief: fc.array(fc.nat({ max: 40 }), { maxLength: 20 }),
      cuts: fc.array(fc.nat({ max: 25 }), { maxLength: 8 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
})

export type RunScript = typeof runScript extends fc.Arbitrary<infer Script> ? Script : never
