import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'

interface Collector {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly metricsEveryInMs: number
}

const longestExportInMs = 10_000

/** Sends figures to a collector, by OTLP over HTTP in protobuf. What cannot be sent is counted on and sent with the next. */
export const otlpMetrics = ({ endpoint, headers, metricsEveryInMs }: Collector): IMetricReader =>
  new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, headers: { ...headers } }),
    exportIntervalMillis: metricsEveryInMs,
    exportTimeoutMillis: Math.min(longestExportInMs, metricsEveryInMs),
  })
