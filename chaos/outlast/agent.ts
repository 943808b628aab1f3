/** The agent of the processes under test: its model is the kit's, and its tools leave a line for each of their acts. */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { tool } from 'ai'
import { z } from 'zod'
import { defineAgent, toolRun } from '../../src/index.ts'
import type { ToolInput, ToolName } from '../script.ts'

const { CHAOS_PROVIDER = '', CHAOS_EFFECTS = '', CHAOS_PROCESS = '' } = process.env

const inputSchema = z.object({
  run: z.string(),
  step: z.number(),
  call: z.number(),
  asked: z.number(),
  ms: z.number(),
}) satisfies z.ZodType<ToolInput>

/** @param before - the part of its time that passes before it acts */
const acting = (name: ToolName, before: number) =>
  tool({
    inputSchema,
    execute: async ({ ms, ...call }, options) => {
      const { idempotencyKey: key, signal } = toolRun(options)
      await sleep(ms * before, undefined, { signal })
      const line = { ...call, tool: name, key, at: Date.now() }
      const who = { process: Number(CHAOS_PROCESS), pid: process.pid }
      // One write of one line: it happens, or it does not.
      appendFileSync(CHAOS_EFFECTS, `${JSON.stringify({ ...line, ...who })}\n`)
      await sleep(ms * (1 - before), undefined, { signal })
      return `did ${call.run}/${call.step}/${call.call}`
    },
  })

export default defineAgent({
  name: 'chaos',
  model: createOpenAICompatible({
    name: 'chaos',
    baseURL: CHAOS_PROVIDER,
    headers: { 'x-chaos-process': CHAOS_PROCESS, 'x-chaos-pid': String(process.pid) },
  })('script'),
  tools: {
    plain: acting('plain', 0),
    idempotent: { ...acting('idempotent', 0.5), idempotent: true },
    slow: acting('slow', 0.5),
    guarded: { ...acting('guarded', 0), needsApproval: true },
  },
})
