import { hostname } from 'node:os'
import type { Config } from './config/index.js'
import { newId } from './node-random.js'
import { version } from './open-graph.js'
import type { Metrics } from './telemetry/instruments.js'
import { processMetrics } from './telemetry/node-process-metrics.js'
import { otelMetrics } from './telemetry/otel-metrics.js'
import { resourceFromAttributes } from './telemetry/otel-resource.js'

/** Figures, open for counting. */
export interface Telemetry {
  readonly metrics: Metrics
  /** In the text format of Prometheus. */
  readonly print: () => Promise<string>
  /** Sends what there is, for no longer than some seconds. Never rejects. */
  readonly close: () => Promise<void>
}

const longestCloseInMs = 2_000

const within = async (inMs: number, work: Promise<void>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, inMs)
  })
  await Promise.race([work.catch(() => undefined), late])
  clearTimeout(timer)
}

export const openTelemetry = async ({ telemetry }: Config): Promise<Telemetry> => {
  const { otlp, resourceAttributes, serviceName } = telemetry
  const resource = resourceFromAttributes({
    'host.name': hostname(),
    'service.instance.id': newId(),
    'service.version': version,
    ...resourceAttributes,
    'service.name': serviceName,
  })
  // Where it is not asked for, it is not loaded.
  const readers = otlp === undefined ? [] : [(await import('./telemetry/otel-otlp.js')).otlpMetrics(otlp)]
  const metrics = otelMetrics(resource, version, readers)
  const process = processMetrics(metrics)
  return {
    metrics,
    print: metrics.print,
    close: async () => {
      process.stop()
      await within(longestCloseInMs, metrics.close())
    },
  }
}
