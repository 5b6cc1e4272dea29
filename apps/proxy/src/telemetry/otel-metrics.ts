import type { Meter, Observable, ObservableResult } from '@opentelemetry/api'
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics'
import { type Attributes, instruments, type Metrics, type NameOf } from './instruments.js'
import { type OtelPrometheus, otelPrometheus } from './otel-prometheus.js'
import type { Resource } from './otel-resource.js'

// OpenTelemetry's for HTTP; a commit and a wait fall into the same range.
const boundariesInSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30]

export interface OtelMetrics extends Metrics {
  /** In the text format of Prometheus. */
  readonly print: OtelPrometheus['print']
  /** Sends what there is to where it is to go. */
  readonly close: () => Promise<void>
}

type NamesOf<Kind extends string> = ReadonlyArray<NameOf<Kind>>

const isOfKind =
  <Kind extends string>(kind: Kind) =>
  (name: string): name is NameOf<Kind> =>
    Object.entries(instruments).some(([key, instrument]) => key === name && instrument.kind === kind)

const namesOf = <Kind extends string>(kind: Kind): NamesOf<Kind> => Object.keys(instruments).filter(isOfKind(kind))

interface Tally {
  readonly attributes: Attributes
  count: number
}

/**
 * Counts in memory, at the cost of a look-up, and tells OpenTelemetry when it asks. One without attributes is told from the
 * beginning on, so that its first step can be seen.
 */
const tallies = (meter: Meter): Metrics['count'] => {
  const counted = new Map<string, Map<string, Tally>>()
  for (const name of namesOf('counter')) {
    const { attributes, description, name: told, unit } = instruments[name]
    const series = new Map<string, Tally>(attributes.length === 0 ? [['', { attributes: {}, count: 0 }]] : [])
    counted.set(name, series)
    meter.createObservableCounter(told, { description, unit }).addCallback((result: ObservableResult) => {
      for (const tally of series.values()) result.observe(tally.count, tally.attributes)
    })
  }
  return (name, attributes = {}, by = 1) => {
    const series = counted.get(name)
    const key = Object.values(attributes).join('\n')
    const tally = series?.get(key)
    if (tally === undefined) series?.set(key, { attributes, count: by })
    else tally.count += by
  }
}

const watches = (meter: Meter): Metrics['watch'] => {
  const watched = new Map<string, Observable>()
  for (const name of namesOf('gauge')) {
    const { description, name: told, unit } = instruments[name]
    watched.set(name, meter.createObservableGauge(told, { description, unit }))
  }
  for (const name of namesOf('watchedCounter')) {
    const { description, name: told, unit } = instruments[name]
    watched.set(name, meter.createObservableCounter(told, { description, unit }))
  }
  return (name, value, attributes = {}) =>
    watched.get(name)?.addCallback((result: ObservableResult) => {
      const now = value()
      if (now !== undefined) result.observe(now, attributes)
    })
}

const histograms = (meter: Meter): Metrics['measure'] => {
  const measured = new Map(
    namesOf('histogram').map((name) => {
      const { description, name: told, unit } = instruments[name]
      const advice = { explicitBucketBoundaries: boundariesInSeconds }
      return [name, meter.createHistogram(told, { description, unit, advice })] as const
    }),
  )
  return (name, seconds, attributes = {}) => measured.get(name)?.record(seconds, attributes)
}

/** Figures by OpenTelemetry: always to be asked for by Prometheus, and sent by the readers that are given as well. */
export const otelMetrics = (
  resource: Resource,
  version: string,
  readers: ReadonlyArray<IMetricReader> = [],
): OtelMetrics => {
  const prometheus = otelPrometheus()
  const provider = new MeterProvider({ resource, readers: [prometheus.reader, ...readers] })
  const meter = provider.getMeter('device-install-state-proxy', version)
  return {
    measure: histograms(meter),
    count: tallies(meter),
    watch: watches(meter),
    print: prometheus.print,
    close: () => provider.shutdown(),
  }
}
