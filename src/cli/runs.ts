/** `outlast runs`: what was executed, what is, and its end. */
import type { z } from 'zod'
import { runAnswer, runsAnswer, stepsAnswer, stopAnswer } from '../protocol/answers.ts'
import { pathOf, ROUTES } from '../protocol/routes.ts'
import { askJson, queryOf } from './api.ts'
import { messageLines } from './messages.ts'
import type { Reach } from './reach.ts'
import { note, say, sayFields, sayJson, sayTable, type Shell } from './shell.ts'
import type { Column } from './table.ts'
import { localTime } from './times.ts'

type Format = { readonly json?: true }

export type RunListOptions = Format & {
  readonly status?: string
  readonly chat?: string
  readonly agent?: string
  readonly trigger?: string
  readonly limit?: string
  readonly after?: string
}

export const listRuns = async (
  shell: Shell,
  reach: Reach,
  { json, status, chat, agent, trigger, limit, after }: RunListOptions,
): Promise<void> => {
  const query = queryOf({ status, chat, agent, trigger, limit, after })
  const answer = await askJson(reach, runsAnswer, `${ROUTES.runs}${query}`)
  if (json) return sayJson(shell, answer)
  if (answer.runs.length === 0) return note(shell, 'There are no such runs.')
  sayTable(shell, RUN_COLUMNS, answer.runs)
  if (answer.after !== undefined) note(shell, `There are more: --after ${answer.after}`)
}

export const showRun = async (
  shell: Shell,
  reach: Reach,
  runId: string,
  { json }: Format,
): Promise<void> => {
  const { run, message } = await askJson(reach, runAnswer, pathOf(ROUTES.runRecord, { runId }))
  const { steps } = await askJson(reach, stepsAnswer, pathOf(ROUTES.steps, { runId }))
  if (json) return sayJson(shell, { run, message, steps })
  sayFields(shell, {
    run: run.id,
    chat: run.chatId,
    status: run.status,
    error: run.error,
    agent: run.agent,
    trigger: run.trigger,
    created: localTime(run.createdAt),
    started: localTime(run.startedAt),
    finished: localTime(run.finishedAt),
    attempt: run.attempt,
    tokens: tokensOf(run.usage),
  })
  if (steps.length > 0) {
    say(shell, '')
    sayTable(shell, STEP_COLUMNS, steps)
  }
  for (const line of message ? ['', ...messageLines(message)] : []) say(shell, line)
}

export const stopRun = async (
  shell: Shell,
  reach: Reach,
  runId: string,
  { json }: Format,
): Promise<void> => {
  const answer = await askJson(reach, stopAnswer, ROUTES.stop, { method: 'POST', body: { runId } })
  if (json) return sayJson(shell, answer)
  say(shell, answer.stopped ? `stopped ${runId}` : `${runId} had ended before`)
}

type RunRow = z.output<typeof runsAnswer>['runs'][number]
type StepRow = z.output<typeof stepsAnswer>['steps'][number]

const tokensOf = (usage: RunRow['usage'] | undefined): string | undefined => {
  const { inputTokens, outputTokens } = usage ?? {}
  if (inputTokens === undefined && outputTokens === undefined) return undefined
  return `${inputTokens ?? '?'} in, ${outputTokens ?? '?'} out`
}

const RUN_COLUMNS: readonly Column<RunRow>[] = [
  { head: 'ID', of: ({ id }) => id },
  { head: 'STATUS', of: ({ status }) => status },
  { head: 'CHAT', of: ({ chatId }) => chatId, flexible: true },
  { head: 'AGENT', of: ({ agent }) => agent ?? '-', flexible: true },
  { head: 'STEPS', of: ({ stepCount }) => String(stepCount) },
  { head: 'CREATED', of: ({ createdAt }) => localTime(createdAt) },
  { head: 'FINISHED', of: ({ finishedAt }) => localTime(finishedAt) },
  { head: 'ERROR', of: ({ errorCode }) => errorCode ?? '' },
]

const STEP_COLUMNS: readonly Column<StepRow>[] = [
  { head: 'STEP', of: ({ stepIndex }) => String(stepIndex) },
  { head: 'MODEL', of: ({ modelId }) => modelId ?? '-', flexible: true },
  { head: 'ENDED WITH', of: ({ finishReason }) => finishReason },
  { head: 'TOKENS', of: ({ usage }) => tokensOf(usage) ?? '-' },
  {
    head: 'CALLS',
    of: ({ calls }) => calls.map(({ toolName, status }) => `${toolName} ${status}`).join(', '),
    flexible: true,
  },
]
