/** An agent whose steps are answered by different models, one after the other, in one run. */
import { tool } from 'ai'
import { it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { testOutlast } from '../support/engine.ts'
import {
  PROVIDER_NAMES,
  PROVIDERS,
  type Provider,
  type ProviderName,
} from '../support/providers/all.ts'
import { startProvider } from '../support/providers/server.ts'
import { call, end, text, think } from '../support/providers/words.ts'

const look = tool({ inputSchema: z.object({ path: z.string() }), execute: async () => 'seen' })

/** Both ways to ask OpenAI are one model. */
const vendor = (name: ProviderName): string => name.split(',')[0]!

const pairs = PROVIDER_NAMES.flatMap((first) =>
  PROVIDER_NAMES.filter((next) => vendor(next) !== vendor(first)).map(
    (next) => [first, next] as [ProviderName, ProviderName],
  ),
)

it.concurrent.for(pairs)(
  'between a tool and its result from %s to %s: the run goes on, without what only the first one understands',
  { timeout: 60_000 },
  async ([first, next], { expect }) => {
    const one: Provider = PROVIDERS[first]
    const two: Provider = PROVIDERS[next]
    await using asked = await startProvider(one.wire(), [
      [think('Let me see'), call('look', { path: 'a' }), end('calls')],
    ])
    await using asks = await startProvider(two.wire(), [[text('It is blue.'), end()]])
    const model = two.model(asks.url)
    const agent = defineAgent({
      name: 'changing',
      model: one.model(asked.url),
      tools: { look },
      maxRetries: 0,
      prepareStep: ({ stepNumber }) => (stepNumber === 0 ? {} : { model }),
      providerOptions: { ...one.providerOptions, ...two.providerOptions },
    })
    await using outlast = await testOutlast([agent])
    const run = await outlast.settled(await outlast.ask('Look'))
    const refused = [...asked.refused, ...asks.refused].map(({ problem }) => problem)
    expect(refused).toEqual([])
    expect(run).toMatchObject({ status: 'succeeded', stepCount: 2 })
    expect(JSON.stringify(asks.requests[0]?.body)).toContain('seen')
  },
)
