import { readFileSync } from 'node:fs'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { admissionMetrics } from '../../src/telemetry/admission-metrics.ts'
import { metricsObserver } from '../../src/telemetry/metrics.ts'
import { queueMetrics } from '../../src/telemetry/queue-metrics.ts'
import { requestMetrics } from '../../src/telemetry/request-metrics.ts'

test('docs/operations.md has each metric with its labels, and no other', () => {
  const registry = new Registry()
  metricsObserver(registry)
  requestMetrics(registry, () => 0)
  admissionMetrics(registry, {
    state: async () => ({ pending: 0, oldestMs: 0, admitted: 0 }),
    capacity: async () => ({ workers: 0, concurrency: 0 }),
  })
  queueMetrics(registry, async () => ({}))
  const metrics = registry.getMetricsAsArray() as unknown as {
    name: string
    labelNames: string[]
  }[]
  const page = readFileSync('docs/operations.md', 'utf8')
  const rows = [...page.matchAll(/^\| `(outlast_\w+)` \| (.*) \|$/gm)]
  expect(rows.map(([, name]) => String(name)).toSorted()).toEqual(
    metrics.map(({ name }) => name).toSorted(),
  )
  for (const { name, labelNames } of metrics) {
    const [, , text = ''] = rows.find((row) => row[1] === name) ?? []
    for (const label of labelNames) expect(text, name).toContain(`\`${label}\``)
  }
})
