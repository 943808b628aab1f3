/** A run whose process died in a tool: the provider is told, in its own words, that nobody knows what became of the call. */
import { tool } from 'ai'
import { it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../../src/agent/define-agent.ts'
import { createBarrier } from '../support/barrier.ts'
import { testOutlast } from '../support/engine.ts'
import { mortalOutlast } from '../support/mortal.ts'
import { createMigratedDatabase } from '../support/postgres.ts'
import { PROVIDER_NAMES, PROVIDERS, type Provider } from '../support/providers/all.ts'
import { startProvider } from '../support/providers/server.ts'
import { call, end, text, think } from '../support/providers/words.ts'

it.concurrent.for(PROVIDER_NAMES)(
  '%s goes on after a takeover, in this turn and in the next',
  { timeout: 60_000 },
  async (name, { expect }) => {
    const { wire, model, providerOptions }: Provider = PROVIDERS[name]
    await using server = await startProvider(wire(), [
      [think('Let me see'), text('I pay.'), call('pay', { path: 'a' }), end('calls')],
      [think('And now'), text('Perhaps it is paid.'), end()],
      [text('Gladly.'), end()],
    ])
    const inTool = createBarrier()
    const pay = tool({ inputSchema: z.object({ path: z.string() }), execute: () => inTool.wait() })
    const options = { name: 'a', model: model(server.url), tools: { pay }, maxRetries: 0 }
    const agents = [defineAgent(providerOptions ? { ...options, providerOptions } : options)]
    await using database = await createMigratedDatabase()
    const where = { database: { url: database.url }, leaseTtlMs: 1000 }
    await using one = await mortalOutlast(agents, where)
    const run = await one.ask('Pay', 'chat')
    await inTool.reached
    one.kill(['renew', 'findUnheld'])
    await using two = await testOutlast(agents, where)
    expect(await two.settled(run)).toMatchObject({ status: 'succeeded', stepCount: 2 })
    const next = await two.settled(await two.ask('And?', 'chat'))
    expect(next).toMatchObject({ status: 'succeeded', error: null })
    expect(server.refused).toEqual([])
    for (const { body } of server.requests.slice(1))
      expect(JSON.stringify(body)).toContain('outcome is unknown')
    inTool.release()
  },
)
