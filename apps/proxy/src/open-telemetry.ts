import { hostname } from 'node:os'
import type { Config } from './config/index.js'
import { newId, newSpanId } from './node-random.js'
import { version } from './node-package-version.js'
import type { Metrics } from './telemetry/instruments.js'
import { processMetrics } from './telemetry/node-process-metrics.js'
import { otelMetrics } from './telemetry/otel-metrics.js'
import type { Otlp } from './telemetry/otel-otlp.js'
import { type Resource, resourceFromAttributes } from './telemetry/otel-resource.js'
import type { Log } from './telemetry/pino-log.js'
import { type Traces, untraced } from './telemetry/traces.js'

/** Figures and traces, open for counting and recording. */
export interface Telemetry {
  readonly metrics: Metrics
  readonly traces: Traces
  /** In the text format of Prometheus. */
  readonly print: () => Promise<string>
  /** Sends what there is, for no longer than some seconds. Never rejects. */
  readonly close: () => Promise<void>
}

const longestCloseInMs = 2_000

const within = async (inMs: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, inMs)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

/** Where it is not asked for, it is not loaded. */
const openCollector = async (config: Config['telemetry']['otlp'], log: Log): Promise<Otlp | undefined> => {
  if (config === undefined) return undefined
  const { endpoint, headers, metricsEveryInMs } = config
  const { otlp } = await import('./telemetry/otel-otlp.js')
  log.info('figures and traces are sent', { to: new URL(endpoint).origin })
  return otlp({
    endpoint,
    headers,
    metricsEveryInMs,
    onChange: (problem) => {
      if (problem === undefined) log.info('figures and traces can be sent again')
      else log.alarm('figures and traces cannot be sent', { problem })
    },
  })
}

const openTraces = async ({ telemetry, upstream }: Config, resource: Resource, collector?: Otlp): Promise<Traces> => {
  if (telemetry.otlp === undefined || collector === undefined) return untraced(newSpanId)
  const { otelTraces } = await import('./telemetry/otel-traces.js')
  return otelTraces({
    resource,
    version,
    exporter: collector.spans,
    sampler: telemetry.otlp.sampler,
    graphUrl: upstream.graphUrl,
    newSpanId,
  })
}

export const openTelemetry = async (config: Config, log: Log): Promise<Telemetry> => {
  const { resourceAttributes, serviceName } = config.telemetry
  const resource = resourceFromAttributes({
    'host.name': hostname(),
    'service.instance.id': newId(),
    'service.version': version,
    ...resourceAttributes,
    'service.name': serviceName,
  })
  const collector = await openCollector(config.telemetry.otlp, log)
  const metrics = otelMetrics(resource, version, collector && [collector.metrics])
  const traces = await openTraces(config, resource, collector)
  const ofProcess = processMetrics(metrics)
  let printing: Promise<string> | undefined
  return {
    metrics,
    traces,
    print: () => {
      // However many ask at once, it is printed for all of them.
      printing ??= metrics.print().finally(() => (printing = undefined))
      return printing
    },
    close: async () => {
      ofProcess.stop()
      await within(longestCloseInMs, Promise.allSettled([metrics.close(), traces.close()]))
    },
  }
}
