import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { type IMetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import type { SpanExporter } from '@opentelemetry/sdk-trace'

interface Collector {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly metricsEveryInMs: number
  /** Told when it cannot be reached or takes nothing, and (undefined) when it does again. */
  readonly onChange: (problem: string | undefined) => void
}

export interface Otlp {
  readonly metrics: IMetricReader
  readonly spans: SpanExporter
}

interface Exporter<Batch> {
  export: (batch: Batch, done: (result: { readonly code: number; readonly error?: Error }) => void) => void
}

/** What a collector puts into words may repeat what it was sent, our headers among it. */
const wordsOf = (error: Error | undefined): string => {
  if (error === undefined) return 'it takes nothing'
  return 'code' in error && typeof error.code === 'number' ? `it answers ${String(error.code)}` : error.message
}

const longestExportInMs = 10_000

/** Sends figures and spans to a collector, by OTLP over HTTP in protobuf. Figures that cannot be sent come with the next; spans are lost. */
export const otlp = ({ endpoint, headers, metricsEveryInMs, onChange }: Collector): Otlp => {
  let problem: string | undefined

  const settled = (failure: string | undefined): void => {
    if ((failure === undefined) !== (problem === undefined)) onChange(failure)
    problem = failure
  }

  const watched = <Batch, One extends Exporter<Batch>>(exporter: One & Exporter<Batch>): One => {
    const send = exporter.export.bind(exporter)
    exporter.export = (batch, done) =>
      send(batch, (result) => {
        settled(result.code === 0 ? undefined : wordsOf(result.error))
        done(result)
      })
    return exporter
  }

  const to = (path: string) => ({
    url: `${endpoint}${path}`,
    headers: { ...headers },
    timeoutMillis: longestExportInMs,
  })
  return {
    metrics: new PeriodicExportingMetricReader({
      exporter: watched(new OTLPMetricExporter(to('/v1/metrics'))),
      exportIntervalMillis: metricsEveryInMs,
      exportTimeoutMillis: Math.min(longestExportInMs, metricsEveryInMs),
    }),
    spans: watched(new OTLPTraceExporter(to('/v1/traces'))),
  }
}
