/** The engine: begins, executes, follows and stops runs. What it needs of the world comes through its ports. */
import {
  ChatNotFoundError,
  EngineStoppingError,
  MessageNotFoundError,
  OffsetGoneError,
  RunAlreadyActiveError,
  RunNotFoundError,
} from '../domain/errors.ts'
import { resolveLimits, type Limits } from '../domain/limits.ts'
import type { MessageRecord } from '../domain/message.ts'
import { checkMessage } from '../domain/message-limits.ts'
import type { Position } from '../domain/position.ts'
import { isAtRest, isSettled, workerOf, type Principal, type RunRecord } from '../domain/run.ts'
import { announcing } from './workers/announcing.ts'
import type {
  Answers,
  Attachment,
  ChatFeedNews,
  ChatPlace,
  EngineApi,
  Feed,
  FeedNews,
  RunTarget,
  StartTurn,
} from './api.ts'
import { attachmentOf, type AttachmentOptions } from './tail/attachment.ts'
import type { ChatStates, WorkerRegistry } from './catalog-ports.ts'
import { decide } from './run/decide.ts'
import { sweepFiles } from './workers/file-sweep.ts'
import { FileShelf } from './records/files.ts'
import type { Wish } from './follow/follow.ts'
import { Following } from './follow/following.ts'
import type { BeginResult, EngineEvents, NewTurn } from './ports.ts'
import { keepPresence } from './workers/presence.ts'
import { projectMessage } from './workers/settle.ts'
import { settledOrLater } from './workers/settled-or-later.ts'
import { runSummary, uiMessage } from './summaries.ts'
import { uiParts } from './tail/ui-parts.ts'
import { viewOf } from './tail/view.ts'
import { Worker, type WorkerPorts } from './workers/worker.ts'

export type EnginePorts = WorkerPorts & {
  readonly states: ChatStates
  readonly workers: WorkerRegistry
}

export type EngineOptions = {
  /** Names this process in `lease_holder`; what stands behind its last colon is told to users. */
  readonly holder: string
  /** Of this software. */
  readonly version: string
  /** A run whose holder was silent for so long may be taken over. */
  readonly leaseTtlMs?: number
  /** How often this process looks for runs that nobody holds. */
  readonly sweepMs?: number
  /** What running phases get to end when the engine closes. */
  readonly graceMs?: number
  /** Runs that this process executes at a time; none at 0, except those that end with their request. No limit unless set. */
  readonly concurrency?: number
  readonly limits?: Limits
  readonly onError: EngineEvents['error']
}

/** Runs that callers execute themselves may never say the same as their messages. */
const MAX_LOOKS = 3

/** How long a new turn waits for a run that was asked to stop. */
const STOPPING_MS = 5000

export class Engine implements EngineApi, AsyncDisposable {
  readonly files: FileShelf
  readonly #ports: EnginePorts
  readonly #worker: Worker
  readonly #following: Following
  readonly #graceMs: number
  readonly limits: Limits
  readonly #onError: EngineEvents['error']
  readonly #arrive: () => () => Promise<void>
  #leave: (() => Promise<void>) | undefined
  #endSweep: (() => void) | undefined
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(world: EnginePorts, options: EngineOptions) {
    const ports = { ...world, store: announcing(world.store, world.bus) }
    this.#ports = ports
    this.#following = new Following({
      ...ports,
      closing: this.#closing.signal,
      find: this.#find.bind(this),
      attach: this.attach.bind(this),
      onError: options.onError,
    })
    this.#graceMs = options.graceMs ?? 25_000
    this.limits = options.limits ?? resolveLimits()
    this.files = new FileShelf(ports.files, this.limits)
    this.#onError = options.onError
    const { leaseTtlMs = 10_000, concurrency = Number.POSITIVE_INFINITY } = options
    this.#worker = new Worker(ports, {
      holder: options.holder,
      leaseTtlMs,
      sweepMs: options.sweepMs ?? 700,
      concurrency,
      limits: this.limits,
      onError: options.onError,
    })
    this.#arrive = () =>
      keepPresence({
        ...ports,
        worker: {
          id: workerOf(options.holder),
          version: options.version,
          concurrency: Number.isFinite(concurrency) ? concurrency : null,
        },
        busyMs: leaseTtlMs / 3,
        isBusy: () => this.#worker.isBusy,
        onError: options.onError,
      })
  }

  /** Begins to execute runs: those that are offered, and at once those that somebody left behind. */
  start(): void {
    this.#worker.start()
    this.#leave = this.#arrive()
    const { files, clock } = this.#ports
    this.#endSweep = sweepFiles({ files, clock, onError: this.#onError })
  }

  async startTurn({
    principal,
    chatId,
    trigger = 'user',
    agent,
    options,
    idempotencyKey: key,
    ...request
  }: StartTurn): Promise<{ run: RunRecord; started: boolean }> {
    this.#mustBeOpen()
    const message = request.kind === 'regenerate' ? request.unsent : request.message
    checkMessage(message?.parts ?? [], this.limits)
    const { agents, clock } = this.#ports
    const choice = await agents.choose({ agent, options })
    // As it was asked: what agents make of it may change from one version to the next.
    const content = key === undefined ? '' : JSON.stringify({ agent, options, ...request })
    const deadline = clock.now() + STOPPING_MS
    for (;;) {
      const begun = await this.#begin({
        ...request,
        ...choice,
        ...(key === undefined ? {} : { turnKey: { key, content } }),
        principal,
        chatId,
        trigger,
        limits: this.limits,
        project: projectMessage,
      })
      if (begun.kind === 'known') return { run: begun.run, started: false }
      if (begun.kind === 'begun') return { run: begun.run, started: true }
      const stopping = begun.run.stopRequestedAt !== null && clock.now() < deadline
      if (!stopping) throw new RunAlreadyActiveError(begun.run.id)
      await settledOrLater(this.#ports, begun.run.id, Math.min(250, deadline - clock.now()))
    }
  }

  async decide({ principal, target, answers }: Answers): ReturnType<EngineApi['decide']> {
    this.#mustBeOpen()
    const found = await this.#findAsked(principal, target)
    const { run, goesOn, after, agreed } = await decide(
      { ...this.#ports, limits: this.limits },
      principal,
      found,
      answers,
    )
    if (goesOn) this.#execute(run)
    const { publicId } = await this.#ports.conversations.chatOf(run)
    return {
      run: runSummary(run, publicId),
      bound: run.bound && goesOn,
      attach: async () => this.#attachment(run, publicId, { after, start: true, agreed }),
    }
  }

  async attach(
    principal: Principal,
    target: RunTarget,
    { after, have }: { readonly after?: Position; readonly have?: string } = {},
  ): Promise<Attachment | undefined> {
    const run = await this.#find(principal, target)
    if (!run && after)
      throw new OffsetGoneError('The chat whose run this position belongs to was deleted.')
    if (!run || run.bound) return undefined
    if ('chatId' in target && isAtRest(run.status) && !after) {
      const isLacking = have !== undefined && (await this.#ports.conversations.precedes(have, run))
      if (!isLacking || run.driver !== 'engine') return undefined
    }
    const chatId = 'chatId' in target ? target.chatId : await this.#chatIdOf(run)
    return this.#attachment(run, chatId, after ? { after } : {})
  }

  async attachOwn(run: RunRecord, chatId: string): Promise<Attachment> {
    return this.#attachment(run, chatId)
  }

  follow(principal: Principal, wish: Wish): Feed<FeedNews> {
    return this.#following.follow(principal, wish)
  }

  followChat(principal: Principal, chatId: string, place?: ChatPlace): Promise<Feed<ChatFeedNews>> {
    return this.#following.followChat(principal, chatId, place)
  }

  async stop(principal: Principal, target: RunTarget): Promise<boolean> {
    const run = await this.#find(principal, target)
    if (!run) return false
    const marked = await this.#ports.store.requestStop(run.id, principal.workspaceId)
    if (!marked) return false
    if (await this.#worker.stopLocally(run.id)) return true
    this.#ports.bus.publish({ kind: 'stop', runId: run.id })
    // Nobody executes it: it is settled here and now. If somebody claims it first, they will see the request.
    if (marked.driver === 'engine' && (marked.status !== 'running' || marked.lapsed))
      await this.#worker.settleUnheld(marked)
    return true
  }

  async latest(principal: Principal, chatId: string): ReturnType<EngineApi['latest']> {
    const { conversations } = this.#ports
    for (let look = 1; ; look++) {
      const run = await conversations.latestRun(principal, chatId)
      if (!run)
        return (await conversations.findChat(principal, chatId)) && { run: null, message: null }
      const message = run.assistantMessageId
        ? await conversations.message(run.assistantMessageId, run.workspaceId)
        : undefined
      if (!message) return { run: runSummary(run, chatId), message: null }
      const { status } = message
      // It has settled between the two: the next look sees both.
      if (!isSettled(run.status) && status !== 'streaming' && look < MAX_LOOKS) continue
      const shown = isSettled(run.status) ? message : await this.#inProgress(run, message)
      return { run: runSummary(run, chatId), message: { ...uiMessage(shown, chatId), status } }
    }
  }

  /** Ends in good order: nothing new starts, running phases get their grace, leases are given back. */
  close(graceMs = this.#graceMs): Promise<void> {
    this.#endSweep?.()
    this.#closed ??= this.#close(graceMs)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(graceMs: number): Promise<void> {
    try {
      await this.#worker.close(graceMs)
    } finally {
      await this.#leave?.()
      this.#closing.abort()
    }
  }

  #mustBeOpen(): void {
    if (this.#closed)
      throw new EngineStoppingError('This server is shutting down. Try again in a moment.')
  }

  /** Begins the run, and its execution where this process has room for it. */
  async #begin(turn: NewTurn): Promise<BeginResult> {
    const giveUp = this.#worker.placeForNext()
    try {
      const begun = await this.#ports.store.begin({ ...turn, admitted: giveUp !== undefined })
      giveUp?.()
      if (begun.kind === 'begun') this.#execute(begun.run, giveUp !== undefined)
      return begun
    } catch (thrown) {
      giveUp?.()
      throw thrown
    }
  }

  /** A bound run never leaves the process that holds its socket. */
  #execute({ id, bound }: RunRecord, isAdmitted = false): void {
    if (bound || isAdmitted) void this.#worker.take(id)
    else this.#worker.began(id)
  }

  async #findAsked(principal: Principal, target: Answers['target']): Promise<RunRecord> {
    const run = await this.#find(principal, target)
    if (run && (!('messageId' in target) || run.assistantMessageId === target.messageId)) return run
    throw new MessageNotFoundError(
      'There is no such answer in this chat, or it is not the latest one: nothing in it waits.',
    )
  }

  async #find(principal: Principal, target: RunTarget): Promise<RunRecord | undefined> {
    const { conversations } = this.#ports
    if ('chatId' in target) return conversations.latestRun(principal, target.chatId)
    const run = await conversations.findRun(principal, target.runId)
    if (!run) throw noRun(target.runId)
    return run
  }

  async #chatIdOf(run: RunRecord): Promise<string> {
    try {
      return (await this.#ports.conversations.chatOf(run)).publicId
    } catch (thrown) {
      // It was removed since the run was found, and the run with it.
      if (thrown instanceof ChatNotFoundError) throw noRun(run.id)
      throw thrown
    }
  }

  #attachment(run: RunRecord, chatId: string, options: AttachmentOptions = {}): Attachment {
    return attachmentOf(this.#ports, run, chatId, { ...options, closing: this.#closing.signal })
  }

  /** The message of an active run, as far as the journal has it. */
  async #inProgress(run: RunRecord, message: MessageRecord): Promise<MessageRecord> {
    const { steps, calls } = await this.#ports.journal.load(run.id, run.workspaceId)
    return { ...message, parts: uiParts(viewOf(run, steps, calls)) }
  }
}

const noRun = (runId: string): RunNotFoundError =>
  new RunNotFoundError(`There is no run ${runId} here.`)
