/** Executes the script of a run as the engine does it, with its own code. */
import { isSettled } from '../../../src/domain/run.ts'
import {
  executableCalls,
  isWaiting,
  type StepRecord,
  type ToolCallRecord,
} from '../../../src/domain/step.ts'
import { dataChunk, outputChunk, preliminaryChunk, type Chunk } from '../../../src/engine/chunks.ts'
import type { Agent, Consent, ModelPart, ToolInvocation } from '../../../src/engine/ports.ts'
import { filePart } from '../../../src/engine/prompt/model-parts.ts'
import { newCall, recordConsent } from '../../../src/engine/run/consent.ts'
import type { Execution } from '../../../src/engine/run/execution.ts'
import { StepBuilder } from '../../../src/engine/run/step-builder.ts'
import { StepClock } from '../../../src/engine/run/step-clock.ts'
import { closingFrames } from '../../../src/engine/tail/replay.ts'
import { isResolved, lastUnit } from '../../../src/engine/tail/view.ts'
import { systemClock } from '../../../src/queue/system-clock.ts'
import { Client } from './client.ts'
import type { RunScript, StepScript, ToolScript } from './run-script.ts'
import { World } from './world.ts'

/** Plays a run to its end, with its readers at it all the time. */
export const live = async (script: RunScript) => {
  const world = new World()
  world.takeOver()
  const clients = script.readers.map((plan) => ({
    plan,
    client: new Client(plan.remote, plan.mischief),
    cuts: [...plan.cuts],
  }))
  let tick = 0
  const look = async () => {
    await world.writer.flush()
    tick += 1
    for (const { plan, client, cuts } of clients) {
      if (tick < plan.joinAt || (tick + plan.joinAt) % 3 === 0) continue
      await client.pull(world)
      const keep = cuts.pop()
      if (keep !== undefined && keep < client.frames.length) client.cut(keep)
    }
  }
  for (const [stepIndex, step] of script.steps.entries()) {
    await playStep(world, stepIndex, step, look)
    if (isSettled(world.status)) return { world, clients: clients.map(({ client }) => client) }
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
  return { world, clients: clients.map(({ client }) => client) }
}

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
