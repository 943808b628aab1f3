/** A tool for arithmetic; it parses the expression itself and can do nothing else. */
import { tool } from 'ai'
import { z } from 'zod'
import { ToolFailedError } from '../../domain/errors.ts'
import { evaluate } from './expression.ts'
import { idempotent } from '../declare.ts'

/** Evaluates one expression, such as `2 + 3 * (4 - 1)` or `15% of 80`. */
export const calculateTool = idempotent(
  tool({
    title: 'Calculate',
    description:
      'Evaluates arithmetic: + - * / ^ %, brackets, sqrt, abs, min, max, round, log, sin and the like, pi and e.',
    inputSchema: z.object({ expression: z.string().min(1).max(1_000) }),
    execute: ({ expression }) => {
      const result = evaluate(expression)
      if (!result.ok) throw new ToolFailedError(`This cannot be calculated: ${result.reason}.`)
      const isRounded = Math.abs(result.value) > Number.MAX_SAFE_INTEGER
      return {
        expression,
        result: result.value,
        ...(isRounded && { note: 'Rounded: the number has more digits than can be held exactly.' }),
      }
    },
  }),
)
