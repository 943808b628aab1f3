/** The agent that the server processes of the compatibility tests run. */
import { tool } from 'ai'
import { z } from 'zod'
import { defineAgent, idempotent, toolRun } from '../../src/index.ts'
import { scriptedModel } from '../support/scripted-model.ts'
import { answerScript } from './answers.ts'

const { GATES_URL = '' } = process.env

const look = tool({
  inputSchema: z.object({ place: z.string(), days: z.number() }),
  execute: async ({ place, days }) => ({ place, weather: Array(days).fill('sunny') }),
})

const fail = tool({
  inputSchema: z.object({ reason: z.string() }),
  execute: async ({ reason }): Promise<string> => {
    throw new TypeError(`failed ${reason}`)
  },
})

const paint = tool({
  inputSchema: z.object({ colour: z.string() }),
  execute: async ({ colour }, options) => {
    const { write } = toolRun(options)
    write({ type: 'data-progress', id: 'p', data: { percent: 10 } })
    write({ type: 'data-hint', data: 'gone', transient: true })
    write({ type: 'data-picture', data: { colour } })
    write({ type: 'data-progress', id: 'p', data: { percent: 100 } })
    return { painted: colour }
  },
})

const draft = tool({
  inputSchema: z.object({ lines: z.number() }),
  async *execute({ lines }) {
    for (let line = 1; line <= lines; line++) yield { written: line }
  },
})

const pay = tool({
  inputSchema: z.object({ to: z.string() }),
  needsApproval: true,
  execute: async ({ to }) => ({ paid: to }),
})

export default defineAgent({
  name: 'compat',
  model: scriptedModel(answerScript((gate) => fetch(`${GATES_URL}/${gate}`))),
  // Executed again after a crash, so that what is said does not depend on its moment.
  tools: { look: idempotent(look), fail: idempotent(fail), paint: idempotent(paint), draft, pay },
})
