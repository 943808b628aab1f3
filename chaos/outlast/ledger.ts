/** Reads from the tables what Outlast says about its runs, past all of its processes. */
import pg from 'pg'
import type { RunState } from '../adapter.ts'
import { callNumber } from '../script.ts'

type Call = NonNullable<RunState['calls']>[number]

type Row = {
  run: string
  message: string
  status: string
  error_code: string | null
  step_count: number
  finished_at: Date | null
  parts: readonly { type: string; text?: string }[] | null
  steps: { index: number; epoch: number; from: number; to: number }[]
  calls: { step: number; id: string; status: Call['status'] }[]
}

const RUNS = `
  SELECT run.id AS run, asked.public_id AS message, run.status, run.error_code, run.step_count, run.finished_at,
    answer.metadata -> 'parts' AS parts,
    (SELECT coalesce(json_agg(json_build_object(
        'index', step_index, 'epoch', epoch, 'from', unit_from, 'to', unit_to) ORDER BY step_index), '[]')
      FROM outlast.ai_chat_run_steps AS step WHERE step.run_id = run.id) AS steps,
    (SELECT coalesce(json_agg(json_build_object(
        'step', step_index, 'id', tool_call_id, 'status', status) ORDER BY seq), '[]')
      FROM outlast.ai_chat_run_tool_calls AS call WHERE call.run_id = run.id) AS calls
  FROM outlast.ai_chat_runs AS run
  JOIN outlast.ai_chat_messages AS asked ON asked.id = run.user_message_id
  JOIN outlast.ai_chat_messages AS answer ON answer.id = run.assistant_message_id
  ORDER BY run.created_at, run.id`

const SETTLED: ReadonlySet<string> = new Set(['succeeded', 'failed', 'aborted'])

export const readRuns = async (url: string): Promise<RunState[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Row>(RUNS)
    return rows.map(stateOf)
  } finally {
    await client.end()
  }
}

const stateOf = (row: Row): RunState => ({
  run: row.run,
  message: row.message,
  status: SETTLED.has(row.status) ? (row.status as RunState['status']) : 'active',
  errorCode: row.error_code,
  finishedAt: row.finished_at?.getTime(),
  answer: row.parts ?? [],
  said: (row.parts ?? []).flatMap(({ type, text }) => (type === 'text' && text ? [text] : [])),
  journal: { stepCount: row.step_count, steps: row.steps },
  calls: row.calls.map(({ step, id, status }) => ({ step, call: callNumber(id), status })),
})
