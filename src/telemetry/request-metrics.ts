/** Requests as Prometheus metrics, by the route that answered them and never by their path. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type RequestOf = { readonly method: string; readonly route: string }

/** Called when a request arrives; the function it returns when it was answered, a stream when it ended. */
export const requestMetrics = (registry: Registry, now: () => number) => {
  const registers = [registry]
  const labelNames = ['method', 'route']
  const answered = new Counter({
    name: 'outlast_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: [...labelNames, 'status'],
    registers,
  })
  const open = new Gauge({
    name: 'outlast_http_requests_open',
    help: 'Requests that are being answered; those of stream routes are readers.',
    labelNames,
    registers,
  })
  const duration = new Histogram({
    name: 'outlast_http_request_duration_seconds',
    help: 'Until the answer has ended, streams too.',
    labelNames,
    buckets: SECONDS,
    registers,
  })
  return (request: RequestOf): ((status: number) => void) => {
    const began = now()
    open.inc(request)
    return (status) => {
      open.dec(request)
      answered.inc({ ...request, status })
      duration.observe(request, (now() - began) / 1000)
    }
  }
}
