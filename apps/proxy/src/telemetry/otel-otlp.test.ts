import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { otelMetrics } from './otel-metrics.js'
import { otlp } from './otel-otlp.js'
import { resourceFromAttributes } from './otel-resource.js'

it('a collector that refuses is told of by its status, not in its words, which may repeat what it was sent', async () => {
  const server = createServer((request, response) => {
    response.writeHead(403, `no ${String(request.headers.authorization)}`).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const problems: Array<string | undefined> = []
  const { metrics } = otlp({
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    headers: { Authorization: 'Bearer s3cret' },
    metricsEveryInMs: 60_000,
    onChange: (problem) => problems.push(problem),
  })
  await otelMetrics(resourceFromAttributes({}), '1', [metrics]).close()

  expect(problems).toEqual(['it answers 403'])
  server.close()
  server.closeAllConnections()
})
