import type { TracesSampler, Variables } from './variables.js'

interface OtlpConfig {
  /** Of the collector; `/v1/metrics` and `/v1/traces` come behind it. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly metricsEveryInMs: number
  readonly sampler: { readonly kind: TracesSampler; readonly ratio: number }
}

export interface TelemetryConfig {
  readonly serviceName: string
  readonly resourceAttributes: Readonly<Record<string, string>>
  /** Undefined: nothing is sent. */
  readonly otlp: OtlpConfig | undefined
}

export const telemetryOf = (decoded: Variables): TelemetryConfig => ({
  serviceName: decoded.OTEL_SERVICE_NAME,
  resourceAttributes: decoded.OTEL_RESOURCE_ATTRIBUTES ?? {},
  otlp:
    decoded.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
      ? undefined
      : {
          endpoint: decoded.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/$/, ''),
          headers: decoded.OTEL_EXPORTER_OTLP_HEADERS ?? {},
          metricsEveryInMs: decoded.OTEL_METRIC_EXPORT_INTERVAL,
          sampler: { kind: decoded.OTEL_TRACES_SAMPLER, ratio: decoded.OTEL_TRACES_SAMPLER_ARG },
        },
})
