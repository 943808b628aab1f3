/** A buyer's assistant for the pictures: its model is a script, its tools take their time, and everything else is real. */
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import { tool } from 'ai'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { defineAgent, idempotent } from '../../src/index.ts'
import {
  finishPart,
  reasoningParts,
  scriptedModel,
  textParts,
  toolCallParts,
} from '../../test/support/scripted-model.ts'

/** As fast as a model speaks. */
async function* spoken(parts: Iterable<LanguageModelV4StreamPart>, ms = 25) {
  for (const part of parts) {
    await wait(part.type.endsWith('-delta') ? ms : 0)
    yield part
  }
}

const words = (text: string): string[] => text.match(/\S+\s*/g) ?? []

const usage = (input: number, output: number) => ({
  inputTokens: { total: input, noCache: input - 640, cacheRead: 640, cacheWrite: undefined },
  outputTokens: { total: output, text: output, reasoning: undefined },
})

const ANSWER = `**Reorder from Nordwind.** They are the only ones who can deliver the full amount this week, and their price is within 3 % of the cheapest.

| Supplier | In stock | Price per unit | Delivery | Rating |
|---|---:|---:|---|---|
| **Nordwind** | 4,200 | € 3.18 | 2 days | 4.7 |
| Castor & Sons | 900 | € 3.09 | 4 days | 4.4 |
| Millrace | 2,600 | € 3.41 | 2 days | 3.9 |

At 2,000 units a month you have **9 days of stock left**, so the reorder point is

$$
R = d \\cdot L + z\\,\\sigma_L = 67 \\cdot 2 + 1.65 \\cdot 38 \\approx 197 \\text{ units.}
$$

I have drafted the order, **PO-2231**, and sent nothing.
`

const model = scriptedModel(
  (_, { prompt }) => {
    const results = prompt.filter(({ role }) => role === 'tool').length
    if (results === 0)
      return spoken([
        ...reasoningParts(
          words(
            'Three things decide this: stock, price and how reliable they are. I can look them up at the same time. ',
          ),
        ),
        ...textParts(words('I will look at stock, prices and reviews of all three suppliers. ')),
        ...toolCallParts({ id: 'call-stock', name: 'stock', input: { sku: 'BRG-608' } }),
        ...toolCallParts({
          id: 'call-prices',
          name: 'prices',
          input: { sku: 'BRG-608', quantity: 2000 },
        }),
        ...toolCallParts({
          id: 'call-reviews',
          name: 'reviews',
          input: { suppliers: ['nordwind', 'castor', 'millrace'] },
        }),
        finishPart('tool-calls', usage(1240, 96)),
      ])
    if (results === 1)
      return spoken([
        ...textParts(words('Nordwind looks best. I will draft the order. ')),
        ...toolCallParts({
          id: 'call-draft',
          name: 'draftOrder',
          input: { supplier: 'nordwind', quantity: 2000 },
        }),
        finishPart('tool-calls', usage(2110, 44)),
      ])
    return spoken([...textParts(words(ANSWER)), finishPart('stop', usage(2590, 318))], 12)
  },
  { provider: 'demo', modelId: 'buyer-1' },
)

const looksUp = (ms: number, output: unknown) =>
  idempotent(
    tool({
      inputSchema: z.looseObject({}),
      execute: async (_, { abortSignal }) => {
        await wait(ms, undefined, { signal: abortSignal })
        return output
      },
    }),
  )

export default defineAgent({
  name: 'buyer',
  model,
  instructions:
    'You help the buyers of a workshop. You look things up before you recommend anything, and you never order.',
  prices: { inputPerMillion: 2.5, outputPerMillion: 10, cachedInputPerMillion: 0.25 },
  tools: {
    stock: looksUp(1200, { nordwind: 4200, castor: 900, millrace: 2600 }),
    prices: looksUp(2100, { nordwind: 3.18, castor: 3.09, millrace: 3.41, currency: 'EUR' }),
    reviews: looksUp(5000, { nordwind: 4.7, castor: 4.4, millrace: 3.9 }),
    draftOrder: looksUp(900, { draft: 'PO-2231', sent: false }),
  },
})
