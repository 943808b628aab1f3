/** Runs as records: which there were, what they came to, what each of their steps asked, said and did. */
import type { ModelMessage } from 'ai'
import type { PageRequest, RunFilter, RunListing, StepDetails } from '../../domain/catalog.ts'
import { RunNotFoundError, StepNotFoundError } from '../../domain/errors.ts'
import { isSettled, workerOf, type Principal, type RunHold } from '../../domain/run.ts'
import type { HoldReport, RunDetails, RunsApi, StepPrompt, StepReport } from '../catalog-api.ts'
import type { EngineApi } from '../api.ts'
import type { RunCatalog } from '../catalog-ports.ts'
import { messagesOf } from '../prompt/history.ts'
import type { Conversations } from '../ports.ts'
import { callReport, publicRequest, stepReport, withoutOptions } from './step-report.ts'
import { runSummary, uiMessage } from '../summaries.ts'
import { uiParts } from '../tail/ui-parts.ts'
import { viewOf } from '../tail/view.ts'

export type RunsPorts = {
  readonly catalog: RunCatalog
  readonly conversations: Conversations
  readonly engine: Pick<EngineApi, 'stop'>
}

/** Runs that are asked to stop at the same time. */
const STOPS = 8

export class Runs implements RunsApi {
  readonly #ports: RunsPorts

  constructor(ports: RunsPorts) {
    this.#ports = ports
  }

  async list(
    principal: Principal,
    filter: RunFilter,
    page: PageRequest,
  ): ReturnType<RunsApi['list']> {
    const { items, after } = await this.#ports.catalog.list(principal, filter, page)
    return { runs: items.map(runDetails), after }
  }

  async find(principal: Principal, runId: string): ReturnType<RunsApi['find']> {
    const { catalog, conversations } = this.#ports
    const listing = await this.#find(principal, runId)
    const { run, chatPublicId } = listing
    const stored = run.assistantMessageId
      ? await conversations.message(run.assistantMessageId, run.workspaceId)
      : undefined
    const holds = (await catalog.holds(principal, runId)).map(holdReport)
    if (!stored) return { run: runDetails(listing), message: null, holds }
    const { status } = stored
    const steps =
      isSettled(run.status) || status !== 'streaming'
        ? undefined
        : await catalog.steps(principal, runId)
    const parts = steps ? uiParts(viewOf(run, ...flat(steps))) : stored.parts
    const message = { ...uiMessage({ ...stored, parts }, chatPublicId), status }
    return { run: runDetails(listing), message, holds }
  }

  async stop(principal: Principal, runIds: readonly string[]): Promise<readonly string[]> {
    const stopped = new Set<string>()
    const left = runIds.values()
    const stopOthers = async () => {
      for (const runId of left) if (await this.#stop(principal, runId)) stopped.add(runId)
    }
    await Promise.all(Array.from({ length: STOPS }, stopOthers))
    return runIds.filter((runId) => stopped.has(runId))
  }

  async steps(principal: Principal, runId: string): Promise<readonly StepReport[]> {
    const steps = await this.#steps(principal, runId)
    return steps.map(({ step, calls }) => ({ ...stepReport(step), calls: calls.map(callReport) }))
  }

  async prompt(principal: Principal, runId: string, stepIndex: number): Promise<StepPrompt> {
    const { conversations } = this.#ports
    const { run } = await this.#find(principal, runId)
    const steps = await this.#steps(principal, runId)
    const step = steps.find((one) => one.step.stepIndex === stepIndex)?.step
    if (!step) throw new StepNotFoundError(`The journal of this run has no step ${stepIndex}.`)
    const { provider = '', modelId = '' } = step.request ?? step.info ?? {}
    const model = { provider, modelId }
    const before = steps.filter((one) => one.step.stepIndex < stepIndex)
    const told = messagesOf((await conversations.history(run)).turns)
    const messages: ModelMessage[] = [
      ...told.history(model),
      ...told.said(viewOf(run, ...flat(before)).steps, model),
    ]
    const instructions = [...before.map((one) => one.step), step]
      .map(({ request }) => publicRequest(request)?.instructions)
      .findLast((one) => one !== undefined)
    return {
      ...(instructions === undefined ? {} : { instructions }),
      messages: messages.map(withoutOptions),
      messagesReplaced: step.request?.messagesReplaced ?? false,
    }
  }

  async #stop(principal: Principal, runId: string): Promise<boolean> {
    try {
      return await this.#ports.engine.stop(principal, { runId })
    } catch (thrown) {
      if (thrown instanceof RunNotFoundError) return false
      throw thrown
    }
  }

  async #find(principal: Principal, runId: string): Promise<RunListing> {
    const run = await this.#ports.catalog.find(principal, runId)
    if (run) return run
    throw notFound(runId)
  }

  async #steps(principal: Principal, runId: string): Promise<readonly StepDetails[]> {
    const steps = await this.#ports.catalog.steps(principal, runId)
    if (steps) return steps
    throw notFound(runId)
  }
}

const notFound = (runId: string): RunNotFoundError =>
  new RunNotFoundError(`There is no run ${runId} here.`)

const flat = (steps: readonly StepDetails[]) =>
  [steps.map(({ step }) => step), steps.flatMap(({ calls }) => calls)] as const

const holdReport = ({ epoch, holder, beganAt, endedAt, end }: RunHold): HoldReport => ({
  epoch,
  worker: workerOf(holder),
  beganAt: beganAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null,
  end,
})

const runDetails = ({ run, chatPublicId, ...rest }: RunListing): RunDetails => ({
  ...runSummary(run, chatPublicId),
  agent: run.agent,
  ...rest,
})
