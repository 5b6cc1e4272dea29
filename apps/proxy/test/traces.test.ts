import { SpanKind } from '@opentelemetry/api'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, describe, expect, it } from 'vitest'
import { newSpanId } from '../src/node-random.js'
import { otelTraces } from '../src/telemetry/otel-traces.js'
import { resourceFromAttributes } from '../src/telemetry/otel-resource.js'
import { aCollector } from './a-collector.js'
import { aCreateRequest, bookPath, withHeader } from './a-request.js'
import { aRunningProxy, present, rawExchange, requestText, type TestWorld } from './a-running-proxy.js'

let world: TestWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

const route = '/beta/deviceAppManagement/managedEBooks/{managedEBookId}/deviceStates'
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'

/** Keeps what it was told beyond its end. */
class KeepingExporter extends InMemorySpanExporter {
  override shutdown(): Promise<void> {
    return Promise.resolve()
  }
}

/** Traces, and the spans that were told of by their end. */
const traced = (sampler = { kind: 'parentbased_always_on', ratio: 1 }) => {
  const exporter = new KeepingExporter()
  const traces = otelTraces({
    resource: resourceFromAttributes({}),
    version: '1',
    exporter,
    sampler,
    graphUrl: 'https://graph.example',
    newSpanId,
  })
  const spans = async () => {
    await traces.close()
    return exporter.getFinishedSpans()
  }
  return { traces, spans }
}

const entryOf = (auditId: string, change = {}) => ({
  auditId,
  traceId,
  callerRequestId: undefined,
  method: 'POST',
  route,
  caller: undefined,
  end: 'applied' as const,
  status: 201,
  code: undefined,
  reason: undefined,
  durationInMs: 1,
  ...change,
})

const aCall = (request = aCreateRequest()) => ({
  request,
  route: {
    operation: 'createManagedEBookDeviceState' as const,
    version: 'beta' as const,
    ids: {} as never,
    path: bookPath,
  },
})

describe('the spans of a request', () => {
  it('are one for it, one for each step, and one for each try, which names itself to Graph', async () => {
    const { spans, traces } = traced()
    const request = withHeader(aCreateRequest(), 'traceparent', `00-${traceId}-00f067aa0ba902b7-01`)
    const given = await traces.inStep(request, 'authenticate', async () => 7)
    const { end, traceparent } = traces.beginTry(aCall(request) as never, 1)
    end(E.right({ status: 503, headers: {}, text: '' }))
    traces.end(request, entryOf(request.auditId))
    const told = await spans()
    const [step, attempt, whole] = told

    expect(given).toBe(7)
    expect(told.map(({ kind, name }) => [name, kind])).toEqual([
      ['authenticate', SpanKind.INTERNAL],
      ['POST', SpanKind.CLIENT],
      [`POST ${route}`, SpanKind.SERVER],
    ])
    expect(whole?.spanContext().traceId).toBe(traceId)
    expect(whole?.parentSpanContext?.spanId).toBe('00f067aa0ba902b7')
    expect(step?.parentSpanContext?.spanId).toBe(whole?.spanContext().spanId)
    expect(traceparent).toBe(`00-${traceId}-${attempt?.spanContext().spanId ?? ''}-01`)
    expect(attempt?.attributes).toEqual({
      'http.request.method': 'POST',
      'server.address': 'graph.example',
      'server.port': 443,
      'url.template': route,
      'http.request.resend_count': 1,
      'http.response.status_code': 503,
    })
    expect(whole?.attributes).toMatchObject({ 'http.route': route, 'device_install_state.end': 'applied' })
  })

  it('are of a trace that is named for the call, where the caller has none', async () => {
    const { spans, traces } = traced()
    const request = aCreateRequest()
    await traces.inStep(request, 'arrive', async () => undefined)
    traces.end(request, entryOf(request.auditId, { status: 502, code: 'upstreamError', end: 'indeterminate' }))
    const told = await spans()

    expect(told.map((span) => span.spanContext().traceId)).toEqual(
      Array.from({ length: 2 }, () => request.auditId.replaceAll('-', '')),
    )
    expect(told[1]?.attributes).toMatchObject({ 'error.type': 'upstreamError' })
    expect(told[1]?.parentSpanContext).toBeUndefined()
  })

  it.each([
    ['parentbased_always_on', 1, '00', 0],
    ['parentbased_always_off', 1, '01', 1],
    ['parentbased_always_off', 1, undefined, 0],
    ['always_on', 1, '00', 1],
    ['always_off', 1, '01', 0],
    ['traceidratio', 0, '01', 0],
    ['parentbased_traceidratio', 1, undefined, 1],
  ])('by %s (%d), for a caller whose flags are %s, are recorded %d times', async (kind, ratio, flags, count) => {
    const { spans, traces } = traced({ kind, ratio })
    const request = withHeader(aCreateRequest(), 'traceparent', flags && `00-${traceId}-00f067aa0ba902b7-${flags}`)
    const { end, traceparent } = traces.beginTry(aCall(request) as never, 0)
    end(E.left({ _tag: 'GraphUnreachable', cause: undefined }))

    expect(await spans()).toHaveLength(count)
    // Graph is told whether it is recorded.
    expect(traceparent.endsWith(count === 1 ? '-01' : '-00')).toBe(true)
  })

  it('end when a step fails through a mistake of ours, too', async () => {
    const { spans, traces } = traced()

    await expect(
      traces.inStep(aCreateRequest(), 'arrive', () => Promise.reject(new Error('a mistake'))),
    ).rejects.toThrow('a mistake')
    expect((await spans()).map(({ name }) => name)).toEqual(['arrive'])
  })
})

describe('a collector', () => {
  it('is sent the spans of a call, and Graph the name of the one that it is part of', async () => {
    await using kept = new AsyncDisposableStack()
    const collector = await aCollector()
    kept.defer(collector.stop)
    world = await aRunningProxy({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    const token = await world.token()
    const more = [`traceparent: 00-${traceId}-00f067aa0ba902b7-01`]
    await rawExchange(world.port, requestText({ authorization: `Bearer ${token}`, more }))
    await world.stopProxy()
    const sentSpans = collector.exports.filter(({ path }) => path === '/v1/traces').map((one) => one.body)
    const body = Buffer.concat(sentSpans).toString('latin1')
    const [, told = ''] =
      /traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-([0-9a-f]{16})-01/.exec(world.graph.received.join('')) ?? []

    expect(told).toMatch(/^[0-9a-f]{16}$/)
    expect(body).toContain(Buffer.from(told, 'hex').toString('latin1'))
    expect(body).toContain(Buffer.from(traceId, 'hex').toString('latin1'))
    for (const step of [
      'arrive',
      'authenticate',
      'decode request',
      'record intent',
      'wait for turn',
      'take token',
      'decode answer',
      'record outcome',
    ])
      expect(body).toContain(step)
    expect(body).not.toContain(token)
    expect(body).not.toContain('/managedEBooks/B1/')
  })

  it('that takes nothing is told of, once', async () => {
    await using kept = new AsyncDisposableStack()
    const collector = await aCollector(400)
    kept.defer(collector.stop)
    world = await aRunningProxy({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
    await present(world, await world.token())
    expect(await world.stopProxy()).toBe('finished')

    expect(collector.exports.map(({ path }) => path).toSorted()).toEqual(['/v1/metrics', '/v1/traces'])
    expect(JSON.stringify(world.logged).match(/figures and traces cannot be sent/g)).toHaveLength(1)
  })
})
