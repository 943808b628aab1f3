/** The routes of runs as records: list, one of them, its steps and what they told their models. */
import type { Context } from 'hono'
import { RunNotFoundError, StepNotFoundError } from '../domain/errors.ts'
import { isClientId } from '../domain/message.ts'
import type { RunsApi } from '../engine/catalog-api.ts'
import {
  promptAnswer,
  runAnswer,
  runsAnswer,
  stepsAnswer,
  stopRunsAnswer,
} from '../protocol/answers.ts'
import {
  formatListPosition,
  parseRunsQuery,
  parseStopRuns,
  runsQuery,
  stopRunsBody,
} from '../protocol/catalog-schemas.ts'
import { ROUTES } from '../protocol/routes.ts'
import type { Env } from './env.ts'
import { readJson } from './json-body.ts'
import { json, type Route } from './route.ts'

export type RunsRoutesOptions = { readonly runs: RunsApi; readonly maxBodyBytes: number }

export const runsRoutes = ({ runs, maxBodyBytes }: RunsRoutesOptions): Route[] => {
  const list = async (c: Context<Env>) => {
    const { filter, page } = parseRunsQuery(c.req.query())
    const { after, ...found } = await runs.list(c.get('principal'), filter, page)
    return json(after ? { ...found, after: formatListPosition(after) } : found)
  }
  const find = async (c: Context<Env>) => json(await runs.find(c.get('principal'), runIdOf(c)))

  const stop = async (c: Context<Env>) => {
    const runIds = parseStopRuns(await readJson(c.req.raw, maxBodyBytes))
    return json({ stopped: await runs.stop(c.get('principal'), runIds) })
  }

  const steps = async (c: Context<Env>) =>
    json({ steps: await runs.steps(c.get('principal'), runIdOf(c)) })

  const prompt = async (c: Context<Env>) =>
    json(await runs.prompt(c.get('principal'), runIdOf(c), stepIndexOf(c)))

  return [
    {
      method: 'GET',
      path: ROUTES.runs,
      id: 'listRuns',
      summary: 'The runs of the caller, the newest first.',
      query: runsQuery,
      answers: { 200: { says: 'A page of them.', schema: runsAnswer } },
      handle: list,
    },
    {
      method: 'GET',
      path: ROUTES.runRecord,
      id: 'getRun',
      summary: 'A run, what it used, its answer as far as it is, and who had it in hand.',
      answers: { 200: { says: 'All of it from the database.', schema: runAnswer } },
      problems: ['RUN_NOT_FOUND'],
      handle: find,
    },
    {
      method: 'POST',
      path: ROUTES.stopRuns,
      id: 'stopRuns',
      summary: 'Asks several runs to stop.',
      body: stopRunsBody,
      answers: {
        200: { says: 'Those that will settle as aborted.', schema: stopRunsAnswer },
      },
      handle: stop,
    },
    {
      method: 'GET',
      path: ROUTES.steps,
      id: 'listSteps',
      summary: 'The steps of a run: who was asked what, what it said, which tools it called.',
      answers: { 200: { says: 'Those that have ended, in their order.', schema: stepsAnswer } },
      problems: ['RUN_NOT_FOUND'],
      handle: steps,
    },
    {
      method: 'GET',
      path: ROUTES.prompt,
      id: 'getPrompt',
      summary: 'What a step told its model, made again of history and journal.',
      answers: { 200: { says: 'Instructions and messages.', schema: promptAnswer } },
      problems: ['RUN_NOT_FOUND', 'STEP_NOT_FOUND'],
      handle: prompt,
    },
  ]
}

const runIdOf = (c: Context<Env>): string => {
  const runId = c.req.param('runId') ?? ''
  if (isClientId(runId)) return runId
  throw new RunNotFoundError(`There is no run ${runId} here.`)
}

const stepIndexOf = (c: Context<Env>): number => {
  const text = c.req.param('stepIndex') ?? ''
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new StepNotFoundError('Steps are numbered 0, 1, 2, ...')
}
