import fc from 'fast-check'
import { readUIMessageStream, type UIMessage } from 'ai'
import { describe, expect, it } from 'vitest'
import { isSettled, type RunStatus } from '../../src/domain/run.ts'
import {
  abandoned,
  executableCalls,
  isWaiting,
  type StepRecord,
  type ToolCallRecord,
} from '../../src/domain/step.ts'
import { formatOffset, parseOffset } from '../../src/domain/position.ts'
import { outputChunk, preliminaryChunk, dataChunk, type Chunk } from '../../src/engine/chunks.ts'
import { newCall, recordConsent } from '../../src/engine/run/consent.ts'
import type { Execution } from '../../src/engine/run/execution.ts'
import type { Agent, Consent, LogRead, ModelPart, ToolInvocation } from '../../src/engine/ports.ts'
import { closingFrames, type Frame } from '../../src/engine/tail/replay.ts'
import { RunReader } from '../../src/engine/tail/reader.ts'
import { RunWriter } from '../../src/engine/run/run-writer.ts'
import { filePart } from '../../src/engine/prompt/model-parts.ts'
import { StepBuilder } from '../../src/engine/run/step-builder.ts'
import { uiParts } from '../../src/engine/tail/ui-parts.ts'
import { isResolved, lastUnit, viewOf, withSnapshot } from '../../src/engine/tail/view.ts'
import { StepClock } from '../../src/engine/run/step-clock.ts'
import { createLocalBus, createLocalChunkLog } from '../../src/queue/local.ts'
import { systemClock } from '../../src/queue/system-clock.ts'

/** What happens to a run, as data. Everything below is executed by the real writer, builder, log and reader. */
type Happening =
  | { readonly kind: 'parts'; readonly parts: readonly ModelPart[] }
  | { readonly kind: 'flush' }
  | { readonly kind: 'break' }
  | { readonly kind: 'crash' }

type StepScript = {
  readonly model: readonly Happening[]
  readonly tools: readonly ToolScript[]
  readonly crashInTools: boolean
  readonly rerun: boolean
}
type ToolScript = {
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

const runScript = fc.record({
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

const agent = {
  model: { provider: 'test', modelId: 'test' },
  tool: (name: string) => ({
    dynamic: false,
    idempotent: true,
    recoverable: false,
    timeoutMs: 60_000,
    execution: name.endsWith('give') ? 'client' : 'server',
  }),
  consent: async ({ toolName }: ToolInvocation): Promise<Consent> => {
    if (toolName === 'allowed') return { kind: 'approved' }
    if (toolName === 'refused') return { kind: 'denied', reason: 'Never' }
    return toolName.startsWith('ask') ? { kind: 'needed' } : { kind: 'not-needed' }
  },
} as unknown as Agent

/** The world of one run: journal, ledger and log, as the engine would keep them. */
class World {
  readonly log = createLocalChunkLog()
  readonly bus = createLocalBus()
  steps: StepRecord[] = []
  calls: ToolCallRecord[] = []
  status: RunStatus = 'running'
  epoch = 0
  writer!: RunWriter

  takeOver(): void {
    this.writer?.close()
    this.epoch += 1
    this.status = 'running'
    this.writer = new RunWriter({
      lease: { runId: 'run', workspaceId: 'w', epoch: this.epoch },
      log: this.log,
      bus: this.bus,
      clock: systemClock,
      onLeaseLost: () => expect.unreachable('the newest epoch never loses its lease'),
      onError: (error) => {
        throw error
      },
    })
  }

  put(call: ToolCallRecord): void {
    const index = this.calls.findIndex(({ toolCallId }) => toolCallId === call.toolCallId)
    this.calls = index < 0 ? [...this.calls, call] : this.calls.with(index, call)
  }

  async wait(): Promise<void> {
    this.status = 'waiting'
    await this.writer.flush()
    this.writer.close()
  }

  /** Whoever settles a run that waits has an epoch of its own and says nothing in the log. */
  settleWaiting(): void {
    this.status = 'aborted'
    this.epoch += 1
    for (const call of this.calls) this.put({ ...call, ...abandoned(call) })
  }

  get view() {
    const error = this.status === 'failed' ? 'It broke.' : null
    const run = { id: 'run', status: this.status, error, leaseEpoch: this.epoch }
    return viewOf(run, this.steps, this.calls.map(asStored))
  }
}

/** What a tool has said before its end is in the log only. */
const asStored = (call: ToolCallRecord): ToolCallRecord => {
  const { preliminary: _, ...stored } = call
  return call.status === 'started' ? { ...stored, data: [] } : stored
}

/** A log that delivers late, twice and with holes. */
const unreliable = ({ snapshot, entries }: LogRead, mischief: number): LogRead => {
  const lost = Math.floor(mischief / 4) % Math.max(entries.length, 1)
  switch (mischief % 4) {
    case 1:
      return { snapshot, entries: entries.filter((_, index) => index !== lost) }
    case 2:
      return { snapshot, entries: [...entries, ...entries].toSorted((a, b) => a.n - b.n) }
    case 3:
      return { snapshot, entries: entries.slice(0, lost) }
    default:
      return { snapshot, entries }
  }
}

/** A client: keeps the frames it was sent; a cut forgets what came after it and reconnects with the last id. */
class Client {
  frames: Frame[] = []
  /** In a process that has the database and not the log. */
  #remote: boolean
  #reader: RunReader | undefined
  ended = false

  async pull(world: World): Promise<void> {
    // A run that waited goes on, or was ended: the page asks for it again.
    if (this.ended && this.#endedIn !== world.status) this.#leave()
    if (this.ended) return
    this.#reader ??= new RunReader(this.#offset())
    const reader = this.#reader
    const read = this.#remote
      ? { snapshot: undefined, entries: [] }
      : unreliable(await world.log.read('run', reader.position), this.#mischief())
    let hole = this.#remote || this.frames.length === 0 || !this.#caughtUp
    for (const entry of hole ? [] : read.entries) {
      const next = reader.follow(entry)
      if (next === 'hole') {
        hole = true
        break
      }
      this.frames.push(...next)
    }
    if (hole || world.status !== 'running') this.#catchUp(world, reader, read)
    this.ended = reader.ended
    this.#endedIn = world.status
  }

  #endedIn: RunStatus | undefined

  #caughtUp = false

  #catchUp(world: World, reader: RunReader, read: Awaited<ReturnType<World['log']['read']>>): void {
    this.frames.push(...reader.catchUp(withSnapshot(world.view, read.snapshot)))
    for (const entry of read.entries) {
      if (reader.ended) break
      const next = reader.follow(entry)
      if (next === 'hole') break
      this.frames.push(...next)
    }
    this.#caughtUp = true
  }

  constructor(remote = false, mischief: readonly number[] = []) {
    this.#remote = remote
    this.#delivery = [...mischief]
  }

  readonly #delivery: number[]

  /** What the log does with this reading; it behaves once the plan is used up. */
  #mischief(): number {
    return this.#delivery.pop() ?? 0
  }

  cut(keep: number): void {
    this.#remote = !this.#remote
    this.frames = this.frames.slice(0, keep)
    this.#leave()
  }

  #leave(): void {
    this.#reader = undefined
    this.#caughtUp = false
    this.ended = false
  }

  #offset() {
    const last = this.frames.at(-1)
    return last ? parseOffset(formatOffset(last.position)) : undefined
  }
}

const messageOf = async (chunks: readonly Chunk[]): Promise<UIMessage['parts']> => {
  const stream = new ReadableStream<Chunk>({
    start(controller) {
      controller.enqueue({ type: 'start', messageId: 'm' })
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.enqueue({ type: 'message-metadata', messageMetadata: { told: true } })
      controller.close()
    },
  })
  let message: UIMessage | undefined
  const failures: unknown[] = []
  for await (const next of readUIMessageStream({
    stream,
    onError: (error) => failures.push(error),
  }))
    message = next
  expect(failures.filter((error) => !String(error).includes('It broke.'))).toEqual([])
  return JSON.parse(JSON.stringify(message?.parts ?? []))
}

const live = async (script: {
  steps: readonly StepScript[]
  status: 'succeeded' | 'failed' | 'aborted'
  readers: readonly {
    joinAt: number
    remote: boolean
    mischief: readonly number[]
    cuts: readonly number[]
  }[]
}) => {
  const world = new World()
  world.takeOver()
  const clients = script.readers.map((plan) => ({
    plan,
    client: new Client(plan.remote, plan.mischief),
    cuts: [...plan.cuts],
  }))
  let tick = 0
  const seen: Frame[] = []
  const look = async () => {
    await world.writer.flush()
    tick += 1
    for (const { plan, client, cuts } of clients) {
      if (tick < plan.joinAt || (tick + plan.joinAt) % 3 === 0) continue
      await client.pull(world)
      seen.push(...client.frames)
      const keep = cuts.pop()
      if (keep !== undefined && keep < client.frames.length) client.cut(keep)
    }
  }
  for (const [stepIndex, step] of script.steps.entries()) {
    await playStep(world, stepIndex, step, look)
    if (isSettled(world.status))
      return { world, clients: clients.map(({ client }) => client), seen }
  }
  world.status = script.status
  const entries = closingFrames(world.view, { epoch: world.epoch, n: world.writer.n, lens: [] })
  await world.writer.settled(
    entries.map(({ position, chunk }, index) => ({
      kind: 'settled',
      epoch: world.epoch,
      n: position.n,
      step: world.steps.length - 1,
      chunk,
      last: index === entries.length - 1,
    })),
  )
  return { world, clients: clients.map(({ client }) => client), seen }
}

const give = (builder: StepBuilder, part: ModelPart): void =>
  part.type === 'file' || part.type === 'reasoning-file'
    ? builder.file(filePart(part))
    : builder.accept(part)

const playStep = async (
  world: World,
  stepIndex: number,
  script: StepScript,
  look: () => Promise<void>,
): Promise<void> => {
  const attempt = () =>
    new StepBuilder({
      writer: world.writer,
      agent,
      asked: { request: { provider: 'p', modelId: 'm' }, costMicros: () => undefined },
      stepIndex,
      epoch: world.epoch,
      startedAt: new Date(0),
      room: Number.POSITIVE_INFINITY,
    })
  let builder = attempt()
  for (const happening of script.model) {
    if (happening.kind === 'parts') for (const part of happening.parts) give(builder, part)
    if (happening.kind === 'flush') await look()
    if (happening.kind === 'break') builder = attempt()
    if (happening.kind === 'crash') {
      await look()
      world.takeOver()
      builder = attempt()
    }
  }
  builder.close()
  const step = builder.record({ finishReason: 'tool-calls' })
  world.steps.push(step)
  await look()
  await playTools(world, step, script, look)
}

const TRANSIENT: Chunk = { type: 'data-passing', data: 'by', transient: true }

/** What the tools of a step do, between as many waits as there are people to ask. */
const playTools = async (
  world: World,
  step: StepRecord,
  script: StepScript,
  look: () => Promise<void>,
): Promise<void> => {
  const scriptOf = new Map(
    executableCalls(step).map(({ toolCallId }, index) => [toolCallId, script.tools[index % 4]!]),
  )
  const own = () => world.calls.filter((call) => call.stepIndex === step.stepIndex)
  const of = (id: string) => own().find((call) => call.toolCallId === id)
  const act = async (id: string, tool: ToolScript, end: boolean) => {
    for (let index = 0; index < tool.yields; index++) {
      const n = world.writer.chunk(step.stepIndex, preliminaryChunk(id, index))
      world.put({ ...of(id)!, preliminary: { n, output: index } })
      await look()
    }
    for (const dataId of tool.data) {
      const part = {
        type: 'data-note' as const,
        data: `${id} ${world.writer.n}`,
        ...(dataId ? { id: dataId } : {}),
      }
      const n = world.writer.chunk(step.stepIndex, dataChunk(part))
      world.put({ ...of(id)!, data: [...of(id)!.data, { ...part, n }] })
      if (dataId === null) await look()
    }
    if (!end) return
    if (!tool.ok) world.writer.chunk(step.stepIndex, TRANSIENT)
    const { preliminary: _, ...call } = of(id)!
    const ended = {
      ...call,
      status: tool.ok ? ('succeeded' as const) : ('failed' as const),
      ...(tool.ok ? { output: { done: id } } : { error: 'no' }),
    }
    const n = world.writer.chunk(step.stepIndex, outputChunk(ended))
    world.put({ ...ended, span: { from: call.span.from, to: n } })
    await look()
  }
  const begin = async (): Promise<string[]> => {
    world.writer.continue(() => ({ step, calls: own() }))
    await recordConsents(world, step)
    const open = executableCalls(step).filter(({ toolCallId }) => {
      const status = of(toolCallId)?.status ?? 'approved'
      return status === 'started' || status === 'approved'
    })
    for (const part of open) {
      const span = { from: world.writer.n + 1 }
      const before = of(part.toolCallId) ?? { ...newCall(step, part) }
      world.put({ ...before, data: [], status: 'started', epoch: world.epoch, span })
    }
    return open.map(({ toolCallId }) => toolCallId)
  }
  for (let crash = script.crashInTools; ; crash = false) {
    const open = await begin()
    const half = crash ? Math.floor(open.length / 2) : open.length
    // The first ones say what they have to say while others end.
    if (script.rerun) for (const id of open) await act(id, scriptOf.get(id)!, false)
    for (const [index, id] of open.entries()) await act(id, scriptOf.get(id)!, index < half)
    await look()
    const isDone = isResolved(world.view.steps[step.stepIndex]!)
    if (crash && !isDone) {
      world.takeOver()
      // What the dead process had not journaled of its calls is gone.
      for (const { preliminary: _, ...call } of own())
        if (call.status === 'started') world.put({ ...call, data: [] })
      continue
    }
    if (!own().some(isWaiting)) break
    await world.wait()
    await look()
    if (!(await decideAll(world, own().filter(isWaiting), scriptOf, look))) return
    world.takeOver()
    // The one that goes on dies before it could say so.
    if (script.rerun) world.takeOver()
  }
  const view = world.view.steps[step.stepIndex]!
  if (isResolved(view) && lastUnit(view).epoch === world.epoch) world.writer.end(step.stepIndex)
  await look()
}

/** As the engine does it, with its own code. */
const recordConsents = async (world: World, step: StepRecord): Promise<void> => {
  const execution = {
    run: { id: 'run' },
    agent,
    lease: { runId: 'run', workspaceId: 'w', epoch: world.epoch },
    writer: world.writer,
    clock: systemClock,
    stepClock: new StepClock(systemClock, undefined),
    signal: new AbortController().signal,
    durably: (work: () => Promise<void>) => work(),
    journal: {
      recordCalls: async (_lease: unknown, calls: readonly ToolCallRecord[]) =>
        calls.forEach((call) => world.put(call)),
    },
  } as unknown as Execution
  const view = world.view.steps[step.stepIndex]!
  await recordConsent(execution, view, (part) => ({
    part,
    stepIndex: step.stepIndex,
    messages: [],
    write: () => undefined,
    onPreliminary: () => undefined,
  }))
}

/** One answer after the other. @returns false when the run ends instead of the last one */
const decideAll = async (
  world: World,
  waiting: readonly ToolCallRecord[],
  scriptOf: ReadonlyMap<string, ToolScript>,
  look: () => Promise<void>,
): Promise<boolean> => {
  for (const [index, call] of waiting.entries()) {
    const tool = scriptOf.get(call.toolCallId)!
    if (tool.gone && index === waiting.length - 1) {
      world.settleWaiting()
      return false
    }
    world.put({ ...call, ...decided(call, tool), decidedEpoch: world.epoch })
    await look()
  }
  world.status = 'pending'
  await look()
  // A stop that comes before anybody has gone on with it.
  if (scriptOf.get(waiting[0]!.toolCallId)!.gone) world.settleWaiting()
  return !isSettled(world.status)
}

const decided = ({ status, approval }: ToolCallRecord, { ok }: ToolScript) => {
  if (status === 'asked')
    return {
      status: ok ? ('approved' as const) : ('denied' as const),
      approval: { ...approval!, approved: ok, ...(ok ? {} : { reason: 'Not now' }) },
    }
  return ok
    ? { status: 'succeeded' as const, output: { by: 'client' } }
    : { status: 'failed' as const, error: 'The client could not.' }
}

describe('a reader of a run', () => {
  it('ends with the persisted message, whatever was cut, voided or taken over', async () => {
    await fc.assert(
      fc.asyncProperty(runScript, async (script) => {
        const { world, clients } = await live(script)
        using _log = world.log
        const expected = JSON.parse(JSON.stringify(uiParts(world.view)))
        for (const client of clients) {
          for (let pulls = 0; pulls < 20; pulls++) await client.pull(world)
          expect(client.ended).toBe(true)
          expect(await messageOf(client.frames.map(({ chunk }) => chunk))).toEqual(expected)
        }
      }),
      { numRuns: 400 },
    )
  })

  it('resolves every id that was ever sent, also after the run settled and the log is gone', async () => {
    await fc.assert(
      fc.asyncProperty(runScript, async (script) => {
        const { world, clients } = await live(script)
        for (const client of clients) await client.pull(world)
        world.log[Symbol.dispose]()
        const expected = JSON.parse(JSON.stringify(uiParts(world.view)))
        for (const client of clients) {
          for (let had = 0; had <= client.frames.length; had++) {
            const again = new Client()
            again.frames = client.frames.slice(0, had)
            await again.pull(world)
            expect(again.ended).toBe(true)
            expect(await messageOf(again.frames.map(({ chunk }) => chunk))).toEqual(expected)
          }
        }
      }),
      { numRuns: 120 },
    )
  })
})
