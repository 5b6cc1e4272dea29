import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import * as E from 'fp-ts/lib/Either.js'
import type { IncomingRequest } from '../domain/incoming-request.js'
import { codeOfError } from '../domain/reply-to-error.js'
import { routeTemplate } from '../domain/route-template.js'
import { traceContextOf } from '../domain/trace-context.js'
import type { RequestLogEntry } from '../ports.js'
import { serverOf } from './client-metrics.js'
import type { Resource } from './otel-resource.js'
import type { Traces } from './traces.js'

interface OtelTracesSettings {
  readonly resource: Resource
  readonly version: string
  readonly exporter: SpanExporter
  /** As in OTEL_TRACES_SAMPLER and its argument. */
  readonly sampler: { readonly kind: string; readonly ratio: number }
  readonly graphUrl: string
  readonly newSpanId: () => string
}

/** What is seen of one request. */
interface Seen {
  readonly span: Span
  readonly context: Context
}

const rootSampler = (kind: string, ratio: number): Sampler => {
  if (kind.endsWith('always_off')) return new AlwaysOffSampler()
  return kind.endsWith('traceidratio') ? new TraceIdRatioBasedSampler(ratio) : new AlwaysOnSampler()
}

const samplerOf = ({ kind, ratio }: OtelTracesSettings['sampler']): Sampler => {
  const root = rootSampler(kind, ratio)
  return kind.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}

const attributesOf = ({ auditId, code, end, method, route, status }: RequestLogEntry) => ({
  'http.request.method': method,
  'http.response.status_code': status,
  'device_install_state.audit_id': auditId,
  'device_install_state.end': end,
  ...(route === undefined ? {} : { 'http.route': route }),
  ...(code === undefined ? {} : { 'device_install_state.code': code }),
  ...(status >= 500 && code !== undefined ? { 'error.type': code } : {}),
})

/**
 * A span for each request, one for each of its steps, and one for each request to Graph, whose `traceparent` names it. A trace
 * that begins here is named for the call: its id is the audit id. Spans have no token, no path, and nothing of a body.
 */
export const otelTraces = (settings: OtelTracesSettings): Traces => {
  const { exporter, graphUrl, newSpanId, resource, sampler, version } = settings
  // Asked for within `startSpan`, and never by two at once.
  let nextTraceId = ''
  const provider = new TracerProvider({
    resource,
    sampler: samplerOf(sampler),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
    idGenerator: { generateTraceId: () => nextTraceId, generateSpanId: newSpanId },
  })
  const tracer = provider.getTracer('device-install-state-proxy', version)
  const server = serverOf(graphUrl)
  const seen = new WeakMap<IncomingRequest, Seen>()

  const contextAround = (request: IncomingRequest): Context => {
    const { isSampled, parentSpanId, traceId } = traceContextOf(request)
    nextTraceId = traceId
    return parentSpanId === undefined
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, {
          traceId,
          spanId: parentSpanId,
          traceFlags: isSampled ? 1 : 0,
          isRemote: true,
        })
  }

  const seenOf = (request: IncomingRequest): Seen => {
    const before = seen.get(request)
    if (before !== undefined) return before
    const around = contextAround(request)
    const span = tracer.startSpan('request', { kind: SpanKind.SERVER, startTime: request.receivedAt }, around)
    const begun = { span, context: trace.setSpan(around, span) }
    seen.set(request, begun)
    return begun
  }

  return {
    inStep: async (request, step, run) => {
      const { context } = seenOf(request)
      const span = tracer.startSpan(step, {}, context)
      try {
        return await run()
      } finally {
        span.end()
      }
    },
    beginTry: ({ request, route }, earlier) => {
      const { context } = seenOf(request)
      const span = tracer.startSpan(
        'POST',
        {
          kind: SpanKind.CLIENT,
          attributes: {
            'http.request.method': 'POST',
            ...server,
            'url.template': routeTemplate(route),
            ...(earlier === 0 ? {} : { 'http.request.resend_count': earlier }),
          },
        },
        context,
      )
      const { spanId, traceFlags, traceId } = span.spanContext()
      return {
        traceparent: `00-${traceId}-${spanId}-0${String(traceFlags & 1)}`,
        end: (result) => {
          if (E.isLeft(result)) span.setAttribute('error.type', codeOfError(result.left))
          else span.setAttribute('http.response.status_code', result.right.status)
          if (E.isLeft(result) || result.right.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
          span.end()
        },
      }
    },
    end: (request, entry) => {
      const { span } = seenOf(request)
      span.updateName(entry.route === undefined ? entry.method : `${entry.method} ${entry.route}`)
      span.setAttributes(attributesOf(entry))
      if (entry.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    },
    close: () => provider.shutdown(),
  }
}
