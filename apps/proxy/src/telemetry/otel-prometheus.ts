import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { type IMetricReader, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { nameWithUnit } from './instruments.js'

/** Asked, never asking. */
class AskedReader extends MetricReader {
  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }
}

/** OpenTelemetry's rules for Prometheus put the unit into the name; this serialiser leaves that to us. */
const named = ({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics => ({
  resource,
  scopeMetrics: scopeMetrics.map(({ metrics, scope }) => ({
    scope,
    metrics: metrics.map((metric) => {
      const { name, unit } = metric.descriptor
      return { ...metric, descriptor: { ...metric.descriptor, name: nameWithUnit(name, unit), unit: '' } }
    }),
  })),
})

export interface OtelPrometheus {
  readonly reader: IMetricReader
  readonly print: () => Promise<string>
}

export const otelPrometheus = (): OtelPrometheus => {
  const reader = new AskedReader()
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true)
  return {
    reader,
    print: async () => {
      const { resourceMetrics } = await reader.collect()
      return serializer.serialize(named(resourceMetrics))
    },
  }
}
